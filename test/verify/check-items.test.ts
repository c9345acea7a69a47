import { describe, expect, it } from 'vitest';
import { checkHistories } from '../../src/verify/check/check-histories.ts';
import {
  cursor,
  delivery,
  entry,
  HISTORY_A,
  insertion,
  items,
  lagged,
  LATE,
  message,
  mirror,
  MIRROR_A,
  recording,
  RESUMED,
  SNAPSHOT,
  THREE,
  type Cases,
} from '../support/histories/made-histories.ts';

const BAD: Readonly<Record<string, Cases>> = {
  G1: [
    ['a live item that was skipped', recording(THREE, [items([delivery(1, 'k1'), delivery(3, 'k1')])])],
    [
      'an item of the snapshot that nothing has superseded, left out',
      recording(THREE, [items([delivery(3, 'k1', 11)], LATE)]),
    ],
    [
      'an item left out in the snapshot that was superseded only after the next one had come',
      recording(
        [insertion(1, 'k1'), insertion(2, 'k2'), insertion(20, 'k1')],
        [items([delivery(2, 'k2', 11), delivery(20, 'k1')], LATE)],
      ),
    ],
    [
      'a delivered item that was superseded after the cutoff, and a later item that is missing',
      recording(
        [insertion(1, 'k1'), insertion(2, 'k1'), insertion(3, 'k2'), insertion(4, 'k2'), insertion(5, 'k3')],
        [items([delivery(1, 'k1', 11), delivery(2, 'k1', 11), delivery(4, 'k2', 11), delivery(5, 'k3', 11)], LATE)],
      ),
    ],
    ['an item that nobody has written', recording(THREE, [items([delivery(1, 'k1'), delivery(2, 'k9')])])],
    ['an item with another value than was written', recording(THREE, [items([{ ...delivery(1, 'k1'), value: '7' }])])],
    [
      'an item whose insertion was refused',
      recording([insertion(1, 'k1', { results: null, error: 'CONFLICT' })], [items([delivery(1, 'k1')])]),
    ],
    [
      'an item that the filter leaves out',
      recording(THREE, [items([delivery(1, 'k1')], { filter: { keys: ['k2'] } })]),
    ],
    [
      'a subscription that ended with an error of the server',
      recording(THREE, [items([], { end: { kind: 'error', code: 'INTERNAL_SERVER_ERROR', extensions: {} } })]),
    ],
  ],
  G2: [
    ['an item delivered twice', recording(THREE, [items([delivery(1, 'k1'), delivery(1, 'k1')])])],
    [
      'an item delivered twice, not in a row',
      recording(THREE, [items([delivery(1, 'k1'), delivery(2, 'k2'), delivery(1, 'k1')])]),
    ],
    [
      'an item delivered before and after a resume',
      recording(THREE, [HISTORY_A, items([delivery(2, 'k2'), delivery(3, 'k1')], { id: 'b', ...RESUMED })]),
    ],
    [
      'an item that a mirror had got before its resume',
      recording(THREE, [
        MIRROR_A,
        mirror([message(3, { upserted: [entry(2, 'k2'), entry(3, 'k1')] })], { id: 'b', ...RESUMED }),
      ]),
    ],
  ],
  G3: [
    ['items out of order', recording(THREE, [items([delivery(2, 'k2'), delivery(1, 'k1', 2.5), delivery(3, 'k1')])])],
    [
      'a timestamp that falls',
      recording([insertion(1, 'k1'), insertion(2, 'k2', { results: [{ cursor: cursor(2), timestamp: '2025' }] })], []),
    ],
    [
      'a change that was called after another was answered, and lies before it',
      recording([insertion(1, 'k1', { startedAt: 5, answeredAt: 6 }), insertion(2, 'k2')], []),
    ],
    ['two changes at one position', recording([insertion(1, 'k1'), { ...insertion(1, 'k2'), id: 'x' }], [])],
    [
      'the entries of a message out of order',
      recording(THREE.slice(0, 2), [mirror([message(2, { reset: true, upserted: [entry(2, 'k2'), entry(1, 'k1')] })])]),
    ],
    [
      'the cursors of messages falling',
      recording(THREE.slice(0, 2), [mirror([message(2, SNAPSHOT), message(1, { caughtUp: false })])]),
    ],
  ],
  G4: [
    ['an item at `after`', recording(THREE, [items([delivery(2, 'k2'), delivery(3, 'k1')], { after: cursor(2) })])],
    ['a live item skipped on a resume', recording(THREE, [items([delivery(3, 'k1')], { after: cursor(1) })])],
    [
      'a superseded item skipped on a resume, although it was within the window',
      recording(
        [...THREE, insertion(4, 'k2')],
        [items([delivery(3, 'k1', 11), delivery(4, 'k2', 11)], { after: cursor(1) })],
      ),
    ],
    [
      'a resume refused',
      recording(THREE, [
        items([], { after: cursor(1), end: { kind: 'error', code: 'CURSOR_EXPIRED', extensions: {} } }),
      ]),
    ],
    [
      'nonsense taken for a cursor',
      recording(THREE, [items([delivery(1, 'k1')], { after: 'no cursor', expectedError: 'BAD_USER_INPUT' })]),
    ],
    [
      'a mirror that gets what lies before `after`',
      recording(THREE, [mirror([message(3, { upserted: [entry(1, 'k1')], caughtUp: false })], { after: cursor(2) })]),
    ],
  ],
  G5: [
    [
      'LAGGED with another cursor than the last one delivered',
      recording(THREE, [items([delivery(1, 'k1')], { onLag: 'FAIL', end: lagged({ cursor: cursor(2), missed: 1 }) })]),
    ],
    [
      'LAGGED without anything missed',
      recording(THREE, [items([delivery(1, 'k1')], { onLag: 'FAIL', end: lagged({ cursor: cursor(1), missed: 0 }) })]),
    ],
    [
      'LAGGED where it was not asked for',
      recording(THREE, [items([delivery(1, 'k1')], { end: lagged({ cursor: cursor(1), missed: 1 }) })]),
    ],
    [
      'an item skipped without LAGGED',
      recording(
        [...THREE, insertion(4, 'k2')],
        [items([delivery(1, 'k1'), delivery(3, 'k1', 11), delivery(4, 'k2', 11)], { onLag: 'FAIL', after: cursor(0) })],
        { window: 2 },
      ),
    ],
  ],
  G8: [
    ['more than the limit', recording(THREE, [items([delivery(1, 'k1'), delivery(2, 'k2')], { limit: 1 })])],
    ['less than the limit', recording(THREE, [items([delivery(1, 'k1')], { limit: 2, end: { kind: 'complete' } })])],
    ['an end without a limit', recording(THREE, [items([delivery(1, 'k1')], { end: { kind: 'complete' } })])],
    [
      'no end at the limit',
      recording(THREE, [items([delivery(1, 'k1')], { limit: 1, end: { kind: 'overdue', awaited: 'complete' } })]),
    ],
    [
      'a negative limit',
      recording(THREE, [items([], { limit: -1, expectedError: 'BAD_USER_INPUT', end: { kind: 'complete' } })]),
    ],
  ],
};

describe.each(Object.keys(BAD))('%s', (guarantee) => {
  it.each(BAD[guarantee] ?? [])(`${guarantee} catches %s`, (_, made) => {
    expect(checkHistories(made).map((violation) => violation.guarantee)).toContain(guarantee);
  });
});
