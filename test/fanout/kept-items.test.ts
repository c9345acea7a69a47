/** What is made of items is kept for other filters of the same selection, and only while they are delivered. */
import { parse } from 'graphql';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { createSchema } from '../../schema/index.ts';
import { keyFilter } from '../../src/core/input/key-filter.ts';
import type { Item } from '../../src/core/model/change.ts';
import { ItemTexts } from '../../src/fanout/selection/item-texts.ts';
import { type Selection, Selections } from '../../src/fanout/selection/selections.ts';
import { Doors } from '../support/interest/doors.ts';
import { fakeClock, Scene } from '../support/interest/scene.ts';
import { openMap } from '../support/model/open-map.ts';

/** Whether anything still holds the object. */
async function isHeld(ref: WeakRef<object>): Promise<boolean> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // A WeakRef holds its object until the end of the turn that has made it.
  await turn();
  collect();
  return ref.deref() !== undefined;
}

it('an item that was delivered to several filters is kept by nobody when another has taken its place', async () => {
  fakeClock();
  const scene = await Scene.open(new Doors(), { isFanned: true, window: 1 });
  for (const filter of [keyFilter({ keyPrefix: 'a' }), keyFilter({ keys: ['a'] })])
    scene.join({ kind: 'items', filter });
  await scene.rest();
  scene.insert('a');
  await scene.rest();
  const item = new WeakRef(scene.world.map.get('a') ?? {});
  // Nobody is told of it, so nothing is delivered.
  await scene.world.map.remove('a');
  await scene.world.map.insert({ key: 'b', value: 1 });
  expect(await isHeld(item)).toBe(false);
});

const documents = Array.from({ length: 100 }, (_, n) => parse(`subscription { items { a${n}: key } }`));

async function anItem(): Promise<Item<unknown>> {
  const map = await openMap();
  return map.insert({ key: 'a', value: 1 });
}

/** Has rendered the item, which is kept for another filter. */
function rendered(selections: Selections, n: number, item: Item<unknown>): Selection {
  const document = documents[n];
  if (!document) throw new Error(`no document ${n}`);
  const selection = selections.of('items', { document });
  selection.texts.isShared = true;
  selection.render(item);
  return selection;
}

const forgets = (selection: Selection): { count: number } => {
  const counted = { count: 0 };
  selection.texts.forget = () => {
    counted.count++;
    ItemTexts.prototype.forget.call(selection.texts);
  };
  return counted;
};

it('a selection that nobody has any more keeps nothing', async () => {
  const selections = new Selections(createSchema(), JSON.stringify);
  const selection = rendered(selections, 0, await anItem());
  const forgotten = forgets(selection);
  selections.drop(selection);
  expect(forgotten.count).toBe(1);
});

it('the number of selections that keep texts has a bound, although no sweep ends', async () => {
  const selections = new Selections(createSchema(), JSON.stringify);
  const item = await anItem();
  const first = forgets(rendered(selections, 0, item));
  for (let n = 1; n < 100; n++) rendered(selections, n, item);
  expect(first.count).toBe(1);
});
