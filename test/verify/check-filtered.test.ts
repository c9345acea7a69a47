import { describe, expect, it } from 'vitest';
import { checkHistories } from '../../src/verify/check/check-histories.ts';
import { matchesValue } from '../../src/verify/check/value-filter.ts';
import { madeValue, plainValue, whereFilter } from '../../src/verify/workload/made-values.ts';
import { Dice } from '../../src/verify/workload/dice.ts';
import type { ChangesHistory, Delivery, Entry } from '../../src/verify/check/history.ts';
import {
  cursor,
  delivery,
  entry,
  gone,
  IN_FLIGHT,
  items,
  message,
  page,
  pages,
  removal,
} from '../support/histories/made-histories.ts';
import { insertionOf, OPEN, openMirror, provedOf, valued } from '../support/histories/proved-histories.ts';
import { oracleMatches } from '../support/where/oracle.ts';

const open = (position: number, key: string): Entry => ({ ...entry(position, key), value: valued(position, 'open') });
const filled = (position: number, key: string): Entry => ({
  ...open(position, key),
  value: valued(position, 'filled'),
});
const opened = (position: number, key: string, receivedAt?: number): Delivery => ({
  ...delivery(position, key, receivedAt),
  value: valued(position, 'open'),
});

/** k1 and k2 are open at 1 and 2, k1 is filled at 3, k3 is open at 4. */
const WRITES = [
  insertionOf(1, 'k1', 'open'),
  insertionOf(2, 'k2', 'open'),
  insertionOf(3, 'k1', 'filled'),
  insertionOf(4, 'k3', 'open'),
];
const START = message(2, { reset: true, upserted: [open(1, 'k1'), open(2, 'k2')] });
const LEAVE = message(3, { removed: [gone(3, 'k1', 'UNMATCHED')] });
const ENTER = message(4, { upserted: [open(4, 'k3')] });
const SOUND = openMirror([START, LEAVE, ENTER]);

/** The history with some of its messages changed. */
const changed = (index: number, change: Partial<ChangesHistory['messages'][number]>): ChangesHistory => ({
  ...SOUND,
  messages: SOUND.messages.map((message, at) => (at === index ? { ...message, ...change } : message)),
});
const without = (index: number): ChangesHistory => ({
  ...SOUND,
  messages: SOUND.messages.filter((_, at) => at !== index),
});
const said = (history: ChangesHistory, writes = WRITES): string[] =>
  checkHistories(provedOf(writes, history)).map(({ guarantee, what }) => `${guarantee}: ${what}`);

describe('the checker of filtered mirrors', () => {
  it.each<[string, readonly string[]]>([
    ['a mirror that gains and loses items', said(SOUND)],
    [
      'a mirror that is told of a key that it never had',
      said(openMirror([START, LEAVE, message(4, { removed: [gone(4, 'k3', 'UNMATCHED')] })]), [
        ...WRITES.slice(0, 3),
        insertionOf(4, 'k3', 'filled'),
      ]),
    ],
    [
      'a mirror that is told of the removal of an item that does not match',
      said(openMirror([START, LEAVE, message(4, { removed: [gone(4, 'k1')] })]), [
        ...WRITES.slice(0, 3),
        removal(4, 'k1'),
      ]),
    ],
    [
      'a mirror that resumes after an item has ceased to match',
      said(
        openMirror([message(4, { upserted: [open(4, 'k3')], removed: [gone(3, 'k1', 'UNMATCHED')] })], {
          after: cursor(2),
        }),
      ),
    ],
    [
      'a mirror that is told of an unmatched value that only a call without an answer can have written',
      said(openMirror([START, LEAVE]), [...WRITES.slice(0, 2), insertionOf(3, 'k1', 'filled', IN_FLIGHT)]),
    ],
    [
      'a message that follows an earlier cursor than that of the message before',
      said(changed(2, { follows: cursor(1) })),
    ],
  ])('the checker reports nothing for %s', (_, violations) => {
    expect(violations).toEqual([]);
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'a message with an insertion that was dropped',
      said(without(1)),
      /follows .*003, but the one before it ended at .*002/,
    ],
    [
      'an empty message that was dropped',
      said(
        {
          ...openMirror([START, message(3), message(4)]),
          messages: openMirror([START, message(3), message(4)]).messages.filter((_, at) => at !== 1),
        },
        WRITES.slice(0, 2),
      ),
      /follows .*003, but the one before it ended at .*002: one is missing/,
    ],
    [
      'a message that was dropped right after a resume',
      said({
        ...openMirror([LEAVE, ENTER], { after: cursor(2) }),
        messages: openMirror([LEAVE, ENTER], { after: cursor(2) }).messages.slice(1),
      }),
      /follows .*003, but the one before it ended at .*002: one is missing/,
    ],
    ['a reset that follows something', said(changed(0, { follows: cursor(0) })), /has a reset, and follows/],
    [
      'a message without a reset that follows nothing',
      said(changed(1, { follows: null })),
      /has no reset, and follows nothing/,
    ],
    ['a wrong size', said(changed(1, { size: 2 })), /1 items with checksum .*, the server 2 with/],
    ['a wrong checksum', said(changed(2, { checksum: '00000000' })), /the server 2 with 00000000/],
    ['no sums', said(changed(2, { size: null, checksum: null })), /the server null with null/],
    ['sums before the mirror is caught up', said(changed(1, { caughtUp: false })), /although it was not caught up/],
    [
      'an item that ceased to match without a word',
      said(openMirror([START, message(3), ENTER])),
      /it has at .*001 k1, which is at .*003 and does not match/,
    ],
    [
      'an item that matches and is missing',
      said(openMirror([START, LEAVE, message(4)])),
      /it has no k3, which is at .*004$/,
    ],
    [
      'an upserted item that does not match',
      said(openMirror([START, message(3, { upserted: [filled(3, 'k1')] }), ENTER])),
      /got k1 at .*003, whose value does not match/,
    ],
    [
      'UNMATCHED for an item that matches',
      said(openMirror([START, LEAVE, message(4, { removed: [gone(4, 'k3', 'UNMATCHED')] })])),
      /k3 is UNMATCHED, but its item there matches/,
    ],
    [
      'UNMATCHED at the position of another key',
      said(openMirror([START, message(3, { removed: [gone(3, 'k2', 'UNMATCHED')] })])),
      /k2 is UNMATCHED, which is no insertion under this key/,
    ],
    [
      'UNMATCHED for a removal',
      said(openMirror([START, message(3, { removed: [gone(3, 'k1', 'UNMATCHED')] })]), [
        ...WRITES.slice(0, 2),
        removal(3, 'k1'),
      ]),
      /k1 is UNMATCHED, which is no insertion under this key/,
    ],
    [
      'UNMATCHED where nobody has written',
      said(openMirror([START, LEAVE]), WRITES.slice(0, 2)),
      /k1 is UNMATCHED, where no writer has written/,
    ],
    [
      'UNMATCHED without a filter on values',
      said(openMirror([START, LEAVE], { filter: { keyPrefix: 'k' } })),
      /k1 is UNMATCHED, without a filter on values/,
    ],
    [
      'UNMATCHED for a key outside the filter’s keys',
      said(
        openMirror([message(3, { reset: true, upserted: [open(2, 'k2')], removed: [gone(3, 'k1', 'UNMATCHED')] })], {
          filter: { ...OPEN, keys: ['k2'] },
        }),
      ),
      /got k1, which its filter leaves out/,
    ],
    [
      'UNMATCHED for a key outside the filter’s prefix',
      said(
        openMirror([message(3, { reset: true, upserted: [open(2, 'k2')], removed: [gone(3, 'k1', 'UNMATCHED')] })], {
          filter: { ...OPEN, keyPrefix: 'k2' },
        }),
      ),
      /got k1, which its filter leaves out/,
    ],
  ])('the checker reports %s', (_, violations, expected) => {
    expect(violations).toContainEqual(expect.stringMatching(new RegExp(`^G6: .*${expected.source}`)));
  });
});

describe('the checker of filtered items and pages', () => {
  it.each([
    [
      'items without what does not match',
      items([opened(1, 'k1'), opened(2, 'k2'), opened(4, 'k3')], { filter: { ...OPEN } }),
    ],
    [
      'a short page that goes on after what was looked at',
      {
        ...pages(
          page(4, [open(2, 'k2')], { hasNextPage: true, endCursor: cursor(3) }),
          page(4, [open(4, 'k3')], { after: cursor(3) }),
        ),
        filter: { ...OPEN },
      },
    ],
  ])('the checker reports nothing for %s', (_, history) => {
    expect(checkHistories(provedOf(WRITES, history))).toEqual([]);
  });

  it.each([
    ['an item that matches and was skipped', 'G1', items([opened(1, 'k1'), opened(4, 'k3')], { filter: { ...OPEN } })],
    [
      'an item that does not match',
      'G1',
      items([opened(1, 'k1'), opened(2, 'k2'), { ...opened(3, 'k1'), value: valued(3, 'filled') }], {
        filter: { ...OPEN },
      }),
    ],
    [
      'a page that goes on after an item that it lacks',
      'G11',
      { ...pages(page(4, [], { hasNextPage: true, endCursor: cursor(2) })), filter: { ...OPEN } },
    ],
    [
      'a page that does not go on',
      'G11',
      { ...pages(page(4, [], { hasNextPage: true, endCursor: null })), filter: { ...OPEN } },
    ],
    [
      'a page with an item that does not match',
      'G11',
      { ...pages(page(3, [open(2, 'k2'), filled(3, 'k1')])), filter: { ...OPEN } },
    ],
  ] as const)('the checker reports %s', (_, guarantee, history) => {
    expect(checkHistories(provedOf(WRITES, history)).map((violation) => violation.guarantee)).toContain(guarantee);
  });
});

it('the filters of the readers match what an independent interpreter matches, and each kind divides the values', () => {
  const dice = new Dice(1);
  let matched = 0;
  for (let n = 0; n < 5000; n++) {
    const value: unknown = JSON.parse(dice.chance(0.5) ? madeValue(dice, `w-${n}`) : plainValue(n));
    const filter = whereFilter(dice);
    const matches = matchesValue(value, filter);
    expect(matches).toBe(oracleMatches(value, { ...filter }));
    if (matches) matched++;
  }
  expect(matched / 5000).toBeGreaterThan(0.3);
  expect(matched / 5000).toBeLessThan(0.7);
});
