/** Items that a log holds may be of another schema than the one that the server starts with. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CollectionDefinition, SdlDefinition } from '../../../schema/sdl/definition.ts';
import { unfitItem } from '../../../schema/typed/unfit-item.ts';
import type { Item } from '../../core/model/change.ts';
import type { Position } from '../../core/model/position.ts';
import type { StreamingMap } from '../../core/streaming-map.ts';
import type { ServedMaps } from './served-maps.ts';

/** Of a turn of the event loop, in ms: a connection to an engine is kept alive meanwhile. */
const TURN_MS = 50;
/** Items between two looks at the clock. */
const LOOK_EVERY = 64;

/** A stored item does not fit the type of its collection. */
export class UnfitItemsError extends Error {}

/** @throws {UnfitItemsError} */
export async function assertItemsFit(maps: ServedMaps, definition: SdlDefinition | undefined): Promise<void> {
  for (const collection of definition?.collections ?? []) {
    const map = maps.of(collection.plural);
    // `definition` is set where it has collections.
    await assertFit(map, collection, unfitItem(definition!, collection));
  }
}

type Unfit = (item: Pick<Item<unknown>, 'key' | 'value'>) => string | undefined;

async function assertFit(map: StreamingMap, { name, plural }: CollectionDefinition, unfit: Unfit): Promise<void> {
  let [count, example] = [0, ''];
  const check = (item: Item<unknown>): void => {
    // `item.value` would remember what it parses, for nobody.
    const problem = unfit({ key: item.key, value: JSON.parse(item.json) as unknown });
    if (problem !== undefined && ++count === 1) example = `${JSON.stringify(shown(item.key))}: ${problem}`;
  };
  for (let at: Position | undefined = 0 as Position; at !== undefined;) {
    at = checkSlice(map, at, check);
    if (at !== undefined) await nextTurn();
  }
  if (count === 0) return;
  const { size } = map.replica.items;
  const problem =
    count === 1
      ? `1 of ${size} ${size === 1 ? 'item' : 'items'} in ${plural} does not fit the type ${name}: the one with key ${example}`
      : `${count} of ${size} items in ${plural} do not fit the type ${name}, such as the one with key ${example}`;
  throw new UnfitItemsError(
    `${problem}; change the type, or remove the items with the schema that they were inserted with`,
  );
}

/** Checks items after a position, and returns the position to go on after; undefined when there is nothing more. */
function checkSlice(map: StreamingMap, from: Position, check: (item: Item<unknown>) => void): Position | undefined {
  const until = performance.now() + TURN_MS;
  let checked = 0;
  for (const item of map.replica.items.index.from(from)) {
    check(item);
    if (++checked % LOOK_EVERY === 0 && performance.now() >= until) return item.position;
  }
  return undefined;
}

const shown = (key: string): string => (key.length > 100 ? `${key.slice(0, 100)}…` : key);
