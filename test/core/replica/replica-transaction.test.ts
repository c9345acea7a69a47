import { describe, expect, it } from 'vitest';
import { isRemoval } from '../../../src/core/model/change.ts';
import { decodeCommand } from '../../../src/core/model/command.ts';
import { MAX_EXPIRED } from '../../../src/core/replica/replica.ts';
import { exportState, importState } from '../../../src/core/replica/snapshot.ts';
import { applyEntry, emptyReplica, Feed } from '../../support/model/feed.ts';

const put = (key: string, value: unknown = key, ttl?: number) => ({ key, value, ttl });
const drop = (key: string) => ({ key, removed: true as const });

/** How many changes of the same transaction follow each change in the window. */
const followingOf = ({ replica }: Feed, after = 0): number[] =>
  [...replica.window].filter(({ position }) => position > after).map(({ following }) => following);

describe('a transaction', () => {
  it('a transaction inserts and removes at consecutive positions, in its order, and each change says how many follow', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' }, { key: 'b' });
    expect(feed.transaction(put('c'), drop('a'), put('b', 2))).toEqual({ kind: 'nothing' });
    expect(feed.story(2)).toEqual(['+c', 'REMOVED a', '+b']);
    expect(followingOf(feed, 2)).toEqual([2, 1, 0]);
    expect(feed.keys()).toEqual(['c', 'b']);
    expect(feed.current('b').value).toBe(2);
    expect([...feed.replica.window].slice(2).map(({ timestamp }) => timestamp)).toEqual([feed.now, feed.now, feed.now]);
  });

  it('the removal of a key without an item is no change, and does not count among those that follow', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' });
    feed.transaction(drop('x'), drop('a'), drop('a'), put('b'), drop('y'));
    expect(feed.story(1)).toEqual(['REMOVED a', '+b']);
    expect(followingOf(feed, 1)).toEqual([1, 0]);
  });

  it('a transaction without an effect gets no position', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' });
    const { head } = feed.replica;
    feed.transaction(drop('x'), drop('y'));
    feed.transaction();
    expect(feed.replica.head).toBe(head);
    expect(feed.replica.sequence).toBe(3);
  });

  it('one key may be inserted, removed and inserted again in a transaction: each is a change, and the last one stays', () => {
    const feed = new Feed();
    feed.transaction(drop('a'), put('a', 1), put('a', 2), drop('a'), drop('a'), put('a', 3), put('b'), drop('b'));
    expect(feed.story()).toEqual(['+a', '+a', 'REMOVED a', '+a', '+b', 'REMOVED b']);
    expect(followingOf(feed)).toEqual([5, 4, 3, 2, 1, 0]);
    expect(feed.keys()).toEqual(['a']);
    expect(feed.current('a').value).toBe(3);
  });

  it('each change of a transaction has a digest of its own, and another frame makes other digests', () => {
    const [one, two] = [new Feed(), new Feed()];
    one.transaction(put('a'), put('b'), drop('a'));
    two.transaction(put('a'), put('b'), drop('b'));
    const digests = [one, two].flatMap(({ replica }) => [...replica.window].map(({ digest }) => digest));
    expect(new Set(digests).size).toBe(6);
  });

  it('a transaction whose frame comes twice changes the map once', () => {
    const feed = new Feed();
    feed.transaction(put('a'), drop('a'), put('b'));
    feed.write(feed.entries[0]!.data);
    expect(feed.story()).toEqual(['+a', 'REMOVED a', '+b']);
    expect(feed.replica.sequence).toBe(2);
  });

  it('nobody is told anything but "nothing" of a transaction that is known already', () => {
    const feed = new Feed();
    feed.transaction(put('a'));
    const command = decodeCommand(feed.entries[0]!.data)!.command;
    expect(feed.replica.recall(command)).toEqual({ kind: 'nothing' });
  });
});

describe('expiry and a transaction', () => {
  it('the keys of a transaction expire before it, so it neither removes nor replaces what is due', () => {
    const feed = new Feed();
    feed.insert({ key: 'a', ttl: 2 }, { key: 'other', ttl: 1 }, { key: 'b', ttl: 2 }, { key: 'c' });
    feed.now += 2000;
    feed.transaction(drop('a'), put('b'), drop('c'));
    expect(feed.story(4)).toEqual(['EXPIRED a', 'EXPIRED b', 'EXPIRED other', '+b', 'REMOVED c']);
    expect(followingOf(feed, 4)).toEqual([0, 0, 0, 1, 0]);
  });

  it('the own keys of a transaction expire also when more items are due than one command expires', () => {
    const feed = new Feed({ maxItems: 3000, window: 3000 });
    feed.insert(...Array.from({ length: MAX_EXPIRED + 100 }, (_, n) => ({ key: `k${n}`, ttl: 1 })));
    feed.insert({ key: 'own', ttl: 2 });
    feed.now += 2000;
    const { position } = feed.replica.head;
    feed.transaction(drop('own'), put('new'));
    const story = feed.story(position);
    expect([story[0], story.at(-1), story.length]).toEqual(['EXPIRED own', '+new', MAX_EXPIRED + 1]);
  });

  it("the ttl of a transaction counts from the log's time, and one that is not above 0 is over at the next command", () => {
    const feed = new Feed();
    feed.transaction(put('a', 1, 5), put('b', 1, 0), put('c', 1, -3));
    expect(feed.current('a').expiresAt).toBe(feed.now + 5000);
    expect(feed.keys()).toEqual(['a', 'b', 'c']);
    feed.tick();
    expect(feed.story(3)).toEqual(['EXPIRED c', 'EXPIRED b']);
    feed.now += 5000;
    feed.tick();
    expect(feed.keys()).toEqual([]);
  });
});

describe('the bounds and a transaction', () => {
  it('eviction waits for the whole transaction, and its removals make room', () => {
    const feed = new Feed({ maxItems: 3 });
    feed.insert({ key: 'a' }, { key: 'b' }, { key: 'c' });
    feed.transaction(put('d'), put('e'), drop('c'));
    expect(feed.story(3)).toEqual(['+d', '+e', 'REMOVED c', 'EVICTED a']);
    expect(followingOf(feed, 3)).toEqual([2, 1, 0, 0]);
    expect(feed.keys()).toEqual(['b', 'd', 'e']);
  });

  it("eviction takes a transaction's own items when they alone exceed the bound", () => {
    const feed = new Feed({ maxItems: 1 });
    feed.transaction(put('a'), put('b'), drop('a'), put('c'));
    expect(feed.story(4)).toEqual(['EVICTED b']);
    expect(feed.keys()).toEqual(['c']);
  });

  it('a removal of a transaction that leaves the window is lost while its key is absent', () => {
    const feed = new Feed({ window: 2 });
    feed.insert({ key: 'a' }, { key: 'b' });
    feed.transaction(drop('a'), drop('b'), put('b'), put('c'), put('d'));
    expect(feed.replica.lostRemoval).toBe(3);
    expect(feed.story()).toEqual(['+c', '+d']);
  });

  it('the window knows what each change of a transaction has superseded, also within it', () => {
    const feed = new Feed();
    feed.insert({ key: 'a', value: 0 });
    feed.transaction(put('a', 1), drop('a'), put('a', 2), put('b', 3));
    const superseded = [...feed.replica.window].map(({ position }) => feed.replica.window.supersededBy(position));
    expect(superseded.map((item) => item && item.value)).toEqual([null, 0, 1, null, null]);
  });
});

it('a state with the changes of transactions equals its import, and continues as the original', () => {
  const feed = new Feed();
  feed.transaction(put('a', { text: 'é\n' }, 9), put('b'), drop('a'), put('c'));
  const lines = [...exportState(feed.replica)];
  const imported = importState<unknown>(lines);
  expect([...exportState(imported)]).toEqual(lines);
  feed.transaction(drop('c'), put('b', 2));
  applyEntry(imported, feed.entries[1]!);
  expect([...exportState(imported)]).toEqual([...exportState(feed.replica)]);
  const removal = [...imported.window].find(isRemoval);
  expect(removal).toMatchObject({ key: 'a', following: 1 });
});

describe('a transaction that precedes the command that creates the log', () => {
  const bounds = { maxItems: 2, maxBytes: 1000, window: 10 };

  it('the first command that creates the log sets the bounds, also after transactions', () => {
    const feed = new Feed();
    feed.transaction(put('a'), put('b'), put('c'));
    expect(feed.replica.isCreated).toBe(false);
    feed.apply({ kind: 'found', bounds });
    feed.apply({ kind: 'found', bounds: { ...bounds, maxItems: 1 } });
    expect(feed.replica.bounds).toEqual(bounds);
    expect(feed.replica.isCreated).toBe(true);
    expect(feed.keys()).toEqual(['b', 'c']);
  });

  it('a state of transactions alone says so, and its import takes the bounds of the command that follows', () => {
    const feed = new Feed();
    feed.transaction(put('a'));
    const imported = importState<unknown>(exportState(feed.replica));
    feed.apply({ kind: 'found', bounds });
    applyEntry(imported, feed.entries[1]!);
    expect(imported.bounds).toEqual(bounds);
    expect([...exportState(imported)]).toEqual([...exportState(feed.replica)]);
  });

  it('a state without commands is not taken for a log that was created', () => {
    const imported = importState<unknown>(exportState(emptyReplica()));
    expect(imported.isCreated).toBe(false);
  });
});
