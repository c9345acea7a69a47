import { expect, it, onTestFinished, vi } from 'vitest';
import { Turns, UNKNOWN_BYTES } from '../../src/transports/protocol/turns.ts';
import { startServer } from '../support/server/server.ts';

/** Runs so many operations that each take `ms` of a simulated clock. Resolves with how many ran in each turn of the event loop. */
async function run(count: number, ms: number, group = 1): Promise<number[]> {
  let now = 0;
  const turns = new Turns(() => now, group);
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
  const turns = new Turns(undefined, 1);
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

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('work begins without a promise while the slice lasts', () => {
  const turns = new Turns(() => 0);
  expect(turns.next({})).toBeUndefined();
  const ran: string[] = [];
  turns.soon({}, () => ran.push('at once'));
  expect(ran).toEqual(['at once']);
});

it('a long document begins alone', async () => {
  const turns = new Turns(() => 0);
  const begun: string[] = [];
  const soon = (name: string, bytes: number): void => turns.soon({}, () => begun.push(name), bytes);
  soon('short', 100);
  soon('long', 100_000);
  soon('other', 100);
  expect(begun).toEqual(['short']);
  await Promise.resolve();
  await new Promise<void>((resolve) => process.nextTick(resolve));
  expect(begun).toEqual(['short', 'long']);
  await nextTurn();
  expect(begun).toEqual(['short', 'long', 'other']);
});

it('queries of two connections are not executed together, and those of one connection are', async () => {
  const turns = new Turns(() => 0);
  const [one, other] = [{}, {}];
  expect(turns.next(one, 100)).toBeUndefined();
  expect(turns.next(one, UNKNOWN_BYTES)).toBeUndefined();
  expect(turns.next(one, UNKNOWN_BYTES)).toBeUndefined();
  const waits = turns.next(other, UNKNOWN_BYTES);
  expect(waits).toBeInstanceOf(Promise);
  await waits;
});

it('slow queries and what clients send begin in turn, whatever number of connections wait for either', async () => {
  let now = 0;
  const turns = new Turns(() => now);
  const begun: string[] = [];
  const add = (name: string, lane: 'intake' | 'work'): void => {
    turns.soon({}, () => (begun.push(name), (now += 6)), 0, lane);
  };
  for (let n = 0; n < 20; n++) add('work', 'work');
  for (let n = 0; n < 3; n++) add('intake', 'intake');
  while (begun.length < 23) await nextTurn();
  expect(begun.slice(0, 7).filter((name) => name === 'intake')).toHaveLength(3);
});

it('a long body waits for its turn before it is parsed, with an Origin header and without', async () => {
  const server = await startServer();
  const next = vi.spyOn(Turns.prototype, 'next');
  onTestFinished(() => next.mockRestore());
  const body = JSON.stringify({ query: '{ stream { size } }', extensions: { x: 'x'.repeat(20_000) } });
  for (const headers of [{}, { origin: new URL(server.url).origin }]) {
    next.mockClear();
    const answer = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    expect(await answer.json()).toEqual({ data: { stream: { size: 0 } } });
    expect(next.mock.calls.map(([, ...asked]) => asked)).toContainEqual([body.length, 'intake']);
  }
});
