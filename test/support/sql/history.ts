/**
 * Compares what writers have done with what witnesses were told: the committed transactions, each once and as a whole, at consecutive
 * positions, in one order on all nodes, which is the order in time of those that did not overlap.
 */
import { expect } from 'vitest';
import { parseCursor } from '../../../src/core/model/cursor.ts';
import type { Change, Transaction } from './transaction.ts';
import type { Witness } from './witness.ts';

const positionOf = (cursor: string): number => parseCursor(cursor).place.position;

interface Place {
  readonly transaction: Transaction;
  readonly at: number;
}

interface Placed {
  readonly transaction: Transaction;
  readonly first: number;
}

/** The change that a delivery shows: values are unique, and so are removals of a key. */
const nameOf = ({ key, value }: Change): string => value ?? `removal of ${key}`;

/** `from` and `to`: the cursors before the first and after the last transaction. */
export function expectHistory(
  transactions: readonly Transaction[],
  witnesses: readonly Witness[],
  from: string,
  to: string,
): void {
  const asked = new Map<string, Place>();
  for (const transaction of transactions)
    for (const [at, change] of transaction.changes.entries())
      if (transaction.outcome !== 'rolled back' || !asked.has(nameOf(change)))
        // A removal that was rolled back may be repeated by a later transaction.
        asked.set(nameOf(change), { transaction, at });
  const placed = placesOf(asked, witnesses);
  expectDense(placed, positionOf(from), positionOf(to));
  expectOrderInTime(placed);
  const missing = transactions.filter(
    (one) => one.outcome === 'committed' && !placed.some(({ transaction }) => transaction === one),
  );
  expect(missing, 'committed transactions that nobody was told of').toEqual([]);
  for (const witness of witnesses) expectWhole(placed, witness);
}

/** The transactions that were delivered, in the order of their positions. */
function placesOf(asked: ReadonlyMap<string, Place>, witnesses: readonly Witness[]): readonly Placed[] {
  const firsts = new Map<Transaction, number>();
  const see = (name: string, cursor: string): void => {
    const place = asked.get(name);
    if (!place) throw new Error(`${name} was delivered at ${cursor}, and nobody has asked for it`);
    const { transaction, at } = place;
    expect(transaction.outcome, `${name} was delivered`).not.toBe('rolled back');
    const first = positionOf(cursor) - at;
    if (!firsts.has(transaction)) firsts.set(transaction, first);
    if (firsts.get(transaction) !== first)
      throw new Error(
        `change ${at} of a transaction, ${name}, is at ${cursor}, not at ${String(firsts.get(transaction))} + ${at}`,
      );
  };
  for (const { items, messages } of witnesses) {
    for (const { value, cursor } of items) see(value, cursor);
    for (const { upserted, removed } of messages) {
      for (const { value, cursor } of upserted) see(value, cursor);
      for (const { key, cursor } of removed) see(`removal of ${key}`, cursor);
    }
  }
  return [...firsts].map(([transaction, first]) => ({ transaction, first })).sort((a, b) => a.first - b.first);
}

/** They follow each other without a gap. */
function expectDense(placed: readonly Placed[], from: number, to: number): void {
  let next = from + 1;
  for (const { first, transaction } of placed) {
    expect(first, 'the next transaction follows the one before it').toBe(next);
    next += transaction.changes.length;
  }
  expect(next - 1).toBe(to);
}

/** One that had committed before another began comes first. */
function expectOrderInTime(placed: readonly Placed[]): void {
  let earliestEnd = Infinity;
  let late = 0;
  for (const { transaction } of placed.toReversed()) {
    if (transaction.beganAt > earliestEnd) late++;
    earliestEnd = Math.min(earliestEnd, transaction.endedAt);
  }
  expect(late, 'transactions that come before one that had ended when they began').toBe(0);
}

/** Everything once, and no message ends inside a transaction. */
function expectWhole(placed: readonly Placed[], { items, messages, resets }: Witness): void {
  const insertions = placed.flatMap(({ transaction }) =>
    transaction.changes.flatMap(({ value }) => (value === null ? [] : [value])),
  );
  expect(items.map(({ value }) => value)).toEqual(insertions);
  expect(resets).toBe(0);
  const ends = new Set(placed.map(({ first, transaction }) => first + transaction.changes.length - 1));
  const inside = messages.map(({ cursor }) => positionOf(cursor)).filter((position) => !ends.has(position));
  // Empty messages from before the first transaction.
  const start = placed[0]?.first ?? 0;
  expect(
    inside.filter((position) => position >= start),
    'messages that end inside a transaction',
  ).toEqual([]);
  const told = messages.flatMap(({ removed }) => removed.map(({ key }) => key));
  expect(new Set(told).size, 'removals are told once').toBe(told.length);
  // A key that came and went between two messages was never in the mirror, so its removal need not be told.
  const expected = placed.flatMap(({ transaction: { changes } }) =>
    changes.filter(({ value }) => value === null).map(({ key }) => key),
  );
  const upserted = new Set(messages.flatMap((message) => message.upserted.map(({ key }) => key)));
  const toldKeys = new Set(told);
  expect(
    expected.filter((key) => upserted.has(key) && !toldKeys.has(key)),
    'removals that were not told',
  ).toEqual([]);
}
