import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { IdleMirrors } from '../../../src/core/interest/idle-mirrors.ts';
import type { Position } from '../../../src/core/model/position.ts';
import { Queue } from '../../../src/core/subscriptions/scheduler.ts';

const at = (position: number) => position as Position;
const head = (position: number) => ({ position: at(position), digest: 0 });

function mirrors() {
  const idle = new IdleMirrors();
  const woken: string[] = [];
  const named = (name: string) => ({ concern() {}, wake: () => void woken.push(name) });
  return { idle, woken, named };
}

it('a mirror is woken once a quarter of the window has passed since it was told something', () => {
  const { idle, woken, named } = mirrors();
  idle.add(named('a'), at(10));
  idle.add(named('b'), at(20));
  idle.headMoved(head(34), 100);
  expect(woken).toEqual([]);
  idle.headMoved(head(35), 100);
  expect(woken).toEqual(['a']);
  idle.headMoved(head(60), 100);
  idle.headMoved(head(60), 100);
  expect(woken).toEqual(['a', 'b']);
});

it('a mirror that was told something again waits from then on', () => {
  const { idle, woken, named } = mirrors();
  const [a, b, c] = [named('a'), named('b'), named('c')];
  for (const each of [a, b, c]) idle.add(each, at(0));
  idle.headMoved(head(1), 100);
  idle.add(a, at(30));
  idle.headMoved(head(40), 100);
  expect(woken).toEqual(['b', 'c']);
  idle.headMoved(head(55), 100);
  expect(woken).toEqual(['b', 'c', 'a']);
});

it('a mirror that has left is not woken, whichever was looked at last', () => {
  const { idle, woken, named } = mirrors();
  const all = ['a', 'b', 'c', 'd'].map(named);
  for (const each of all) idle.add(each, at(0));
  idle.headMoved(head(1), 100);
  for (const each of [all[0], all[2]]) if (each) idle.delete(each);
  idle.headMoved(head(25), 100);
  expect(woken).toEqual(['b', 'd']);
  idle.add(named('e'), at(25));
  idle.headMoved(head(50), 100);
  expect(woken).toEqual(['b', 'd', 'e']);
});

/** How many of the objects something still holds. */
async function heldOf(refs: readonly WeakRef<object>[]): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // A WeakRef holds its object until the end of the turn that has made it.
  await turn();
  collect();
  return refs.filter((ref) => ref.deref() !== undefined).length;
}

const COUNT = 1000;

describe('memory', () => {
  it.each(['together', 'one by one'])(
    'mirrors that come and leave %s are kept by nobody while the oldest stays',
    async (how) => {
      const { idle, named } = mirrors();
      idle.add(named('oldest'), at(0));
      idle.headMoved(head(1), 1_000_000);
      const refs: WeakRef<object>[] = [];
      const comeAndLeave = (count: number): void => {
        const some = Array.from({ length: count }, (_, n) => named(`${n}`));
        for (const each of some) idle.add(each, at(1));
        idle.headMoved(head(1), 1_000_000);
        for (const each of some) idle.delete(each);
        refs.push(...some.map((each) => new WeakRef(each)));
      };
      for (let n = 0; n < COUNT; n += how === 'together' ? COUNT / 4 : 1)
        comeAndLeave(how === 'together' ? COUNT / 4 : 1);
      expect(await heldOf(refs)).toBe(0);
    },
  );

  it('members that have left a queue are kept by nobody', async () => {
    const queue = new Queue<object>();
    const refs: WeakRef<object>[] = [];
    const comeAndLeave = (): void => {
      const some = Array.from({ length: COUNT }, () => ({}));
      for (const each of some) queue.add(each);
      for (const each of some) queue.delete(each);
      refs.push(...some.map((each) => new WeakRef(each)));
    };
    comeAndLeave();
    expect(queue.shift()).toBeUndefined();
    expect(await heldOf(refs)).toBe(0);
  });
});
