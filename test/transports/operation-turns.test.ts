import { expect, it } from 'vitest';
import { OperationTurns } from '../../src/transports/operations/operation-turns.ts';

/** Runs so many operations that each take `ms` of a simulated clock. Resolves with how many ran in each turn of the event loop. */
async function run(count: number, ms: number, group = 1): Promise<number[]> {
  let now = 0;
  const turns = new OperationTurns(() => now, group);
  const [counts, connection] = [[0], {}];
  let remaining = count;
  const nextTurn = (): void => {
    if (remaining === 0) return;
    counts.push(0);
    setImmediate(nextTurn);
  };
  setImmediate(nextTurn);
  const operations = Array.from({ length: count }, async () => {
    await turns.next(connection);
    // What it sets off counts as well.
    await Promise.resolve();
    now += ms;
    counts[counts.length - 1]!++;
    remaining--;
  });
  await Promise.all(operations);
  return counts;
}

it('operations that take longer than a slice begin one in each turn', async () => {
  expect((await run(5, 6)).filter((count) => count > 0)).toEqual([1, 1, 1, 1, 1]);
});

it('operations begin while the slice of 5 ms lasts, and the rest in later turns', async () => {
  expect((await run(10, 2)).filter((count) => count > 0)).toEqual([3, 3, 3, 1]);
});

it('connections take turns, and the operations of each begin in the order in which they asked', async () => {
  const turns = new OperationTurns(undefined, 1);
  const [one, other] = [{}, {}];
  const begun: string[] = [];
  const begin = async (name: string, connection: object): Promise<void> => {
    await turns.next(connection);
    begun.push(name);
  };
  const names = Array.from({ length: 50 }, (_, n) => `one ${n}`);
  await Promise.all([...names.map((name) => begin(name, one)), begin('other 0', other), begin('other 1', other)]);
  expect(begun.slice(0, 6)).toEqual(['one 0', 'one 1', 'other 0', 'one 2', 'other 1', 'one 3']);
  expect(begun.filter((name) => name.startsWith('one'))).toEqual(names);
});

it('short operations all begin in one turn', async () => {
  expect((await run(1000, 0.001)).filter((count) => count > 0)).toEqual([1000]);
});

it('eight operations begin together, and the next ones when their time is known', async () => {
  expect((await run(20, 6, 8)).filter((count) => count > 0)).toEqual([8, 8, 4]);
});
