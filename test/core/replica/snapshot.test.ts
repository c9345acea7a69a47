import { describe, expect, it } from 'vitest';
import { keyFilter } from '../../../src/core/input/key-filter.ts';
import type { Item } from '../../../src/core/model/change.ts';
import { encodeCommand } from '../../../src/core/model/command.ts';
import { ORIGIN, type Sequence } from '../../../src/core/model/position.ts';
import { startAtHead, read } from '../../../src/core/replica/read.ts';
import type { Replica } from '../../../src/core/replica/replica.ts';
import { exportChunks, exportState, importChunks, importState } from '../../../src/core/replica/snapshot.ts';
import { Dice } from '../../support/random/dice.ts';
import { applyEntry, emptyReplica, Feed, grow, inserted } from '../../support/model/feed.ts';
import { replaced } from '../../support/documents/replaced.ts';

const linesOf = (replica: Replica<unknown>): string[] => [...exportState(replica)];

/** The pages of readers at the start: a snapshot, and everything in the window. */
function readsOf(replica: Replica<unknown>): unknown[] {
  const positions = [
    startAtHead(replica),
    { at: replica.window.floor, cutoff: replica.window.floor },
    { at: ORIGIN, cutoff: ORIGIN },
  ];
  return positions.map((position) => read(replica, position, 10_000, keyFilter()));
}

describe.each([21, 22, 23])('a random state, seed %i', (seed) => {
  const dice = new Dice(seed);
  const feed = new Feed();
  grow(feed, dice, 1000);
  const lines = linesOf(feed.replica);

  it('a state equals its import', () => {
    const imported = importState<unknown>(lines);
    expect(linesOf(imported)).toEqual(lines);
    expect(readsOf(imported)).toEqual(readsOf(feed.replica));
    expect(imported.items.checksum).toBe(feed.replica.items.checksum);
    expect(imported.items.bytes).toBe(feed.replica.items.bytes);
  });

  it('an imported state continues exactly as the original', () => {
    const imported = importState<unknown>(lines);
    for (let step = 0; step < 500; step++) {
      const known = feed.entries.length;
      grow(feed, dice, 1);
      for (const entry of feed.entries.slice(known)) applyEntry(imported, entry);
      expect(imported.head).toEqual(feed.replica.head);
      expect(imported.lostRemoval).toBe(feed.replica.lostRemoval);
    }
    expect(linesOf(imported)).toEqual(linesOf(feed.replica));
    expect(readsOf(imported)).toEqual(readsOf(feed.replica));
  });
});

describe('a state that was imported', () => {
  it('an imported state returns the first result to a retry, and skips a known command', () => {
    const feed = new Feed();
    const once = { key: 'once', payload: 'p' };
    const [first] = inserted(feed.insert({ key: 'a', value: { __proto__: null, x: 'é\n' }, idempotency: once }));
    feed.insert({ key: 'a' });
    const next = new Feed();
    Object.assign(next, { replica: importState(linesOf(feed.replica)), entries: [...feed.entries] });
    expect(next.write(feed.entries[0]!.data)).toEqual({ kind: 'nothing' });
    const again = next.insert({ key: 'a', value: { x: 'é\n' }, idempotency: once });
    expect(inserted(again)).toEqual([first]);
    expect(next.replica.head).toEqual(feed.replica.head);
  });

  it('an imported state has the same numbers: -0 is not 0', () => {
    const feed = new Feed();
    feed.insert({ key: 'a', value: [-0, 2 ** 60] }, { key: 'a', value: -0 });
    const { items, window } = importState<unknown>(linesOf(feed.replica));
    expect(items.get('a')?.value).toBe(-0);
    expect(window.get(1 as never)).toMatchObject({ value: [-0, 2 ** 60] });
  });

  it('an imported state shares its items between map and window', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' }, { key: 'b' }, { key: 'a' });
    const { items, window } = importState<unknown>(linesOf(feed.replica));
    expect(window.get(items.get('a')!.position)).toBe(items.get('a'));
    expect([...window].map(({ key, following }) => [key, following])).toEqual([
      ['a', 2],
      ['b', 1],
      ['a', 0],
    ]);
  });

  it.each([1, 7, 100, 100_000])('a state is imported from pieces of %i bytes', async (size) => {
    const feed = new Feed();
    feed.insert({ key: 'ä', value: '→ 🙂' }, { key: 'b'.repeat(50) });
    const bytes = Buffer.concat([...exportChunks(feed.replica)]);
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    );
    expect(linesOf(await importChunks(pieces))).toEqual(linesOf(feed.replica));
  });

  it('an empty state is exported and imported', () => {
    const { replica } = new Feed();
    expect(linesOf(importState(linesOf(replica)))).toEqual(linesOf(replica));
  });

  it('an imported state keeps keys and values that look like parts of an object', () => {
    const feed = new Feed();
    const value = JSON.parse('{"__proto__":{"a":1},"constructor":2,"reason":"REMOVED"}') as unknown;
    feed.insert({ key: '__proto__', value }, { key: 'constructor' }, { key: 'reason' });
    const imported = importState<unknown>(linesOf(feed.replica));
    expect(JSON.stringify(imported.items.get('__proto__')?.value)).toBe(JSON.stringify(value));
    expect(linesOf(imported)).toEqual(linesOf(feed.replica));
  });
});

it.each([
  '{"a":1, "a" : [1e2,1.50,-0],"b":"x,\\"]},\\n"}',
  '"\u2028,\ufeff,😀, and a text that is long enough for a slice"',
  '[[],{"__proto__":{"value":[",",1,2,3,4,5,6,7,8]}}]',
  '1E5',
])('an imported state has the texts of values as they were written, of current items and of others: %s', (json) => {
  const replica = emptyReplica();
  const bytes = 1 + Buffer.byteLength(json);
  for (const [at, key] of ['k', 'k', 'l'].entries()) {
    const data = encodeCommand(`id ${at}`, { kind: 'insert', insertions: [{ key, json, bytes }] });
    applyEntry(replica, { sequence: (at + 1) as Sequence, time: 1000, data });
  }
  const imported = importState<unknown>(linesOf(replica));
  expect([...imported.window].map((change) => (change as Item<unknown>).json)).toEqual([json, json, json]);
  expect(imported.items.get('k')?.json).toBe(json);
  expect(linesOf(imported)).toEqual(linesOf(replica));
});

describe('lines that are no state', () => {
  const feed = new Feed();
  feed.insert({ key: 'a', idempotency: { key: 'once', payload: 'p' } }, { key: 'b', ttl: 5 });
  feed.remove('a');
  const lines = linesOf(feed.replica);

  it.each(lines.map((_, length) => length))('importing throws when only %i of the lines are there', (length) => {
    expect(() => importState(lines.slice(0, length))).toThrow('snapshot truncated');
  });

  it.each<[string, string[]]>([
    ['a line cut short', [...lines.slice(0, -1), lines.at(-1)!.slice(0, -1)]],
    ['a line that is no JSON', [lines[0]!, 'nonsense', ...lines.slice(2)]],
    ['another format', [replaced(lines[0]!, '"state":2', '"state":1'), ...lines.slice(1)]],
    ['no header', lines.slice(1)],
    ['no object for a header', ['null', ...lines.slice(1)]],
    ['no epoch', [replaced(lines[0]!, '0testepoch00', 'EPOCH'), ...lines.slice(1)]],
    ['a number for an item', [lines[0]!, '7', ...lines.slice(2)]],
    ['an item of another shape', [lines[0]!, '{"k":"b"}', ...lines.slice(2)]],
    ['a change of an item that is not there', lines.map((line) => (line === '"b"' ? '"z"' : line))],
  ])('importing throws for %s', (_, foreign) => {
    expect(foreign).not.toEqual(lines);
    expect(() => importState(foreign)).toThrow(Error);
  });
});
