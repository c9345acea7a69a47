import { expect, it } from 'vitest';
import { checkHistories } from '../../src/verify/check/check-histories.ts';
import {
  batch,
  CHECKSUM_OF_ONE,
  cursor,
  delivery,
  entry,
  gone,
  HISTORY_A,
  IN_FLIGHT,
  insertion,
  items,
  lagged,
  LATE,
  message,
  mirror,
  MIRROR_A,
  page,
  pages,
  reading,
  recording,
  removal,
  repeat,
  RESUMED,
  SNAPSHOT,
  THREE,
  type Cases,
  whole,
} from '../support/histories/made-histories.ts';
import { provedRecording } from '../support/histories/proved-histories.ts';

const GOOD: Cases = [
  [
    'a question that nobody answered, for the connection broke',
    recording(THREE, [items([], { limit: -1, expectedError: 'BAD_USER_INPUT', end: { kind: 'cut' } })]),
  ],
  ['nothing', recording([], [])],
  ['snapshot and live items', recording(THREE, [items([delivery(1, 'k1'), delivery(2, 'k2'), delivery(3, 'k1')])])],
  [
    'a snapshot without what is superseded',
    recording(THREE, [items([delivery(2, 'k2', 11), delivery(3, 'k1', 11)], LATE)]),
  ],
  [
    'a snapshot without what was superseded while it was sent',
    recording(
      [insertion(1, 'k1'), insertion(2, 'k2'), insertion(11, 'k1')],
      [items([delivery(2, 'k2', 12), delivery(11, 'k1', 12)], LATE)],
    ),
  ],
  [
    'a snapshot without what a call in flight may have removed',
    recording([...THREE, removal(9, 'k2', IN_FLIGHT)], [items([delivery(3, 'k1', 11)], LATE)]),
  ],
  [
    'a snapshot without what a call in flight may have replaced',
    recording([...THREE, insertion(9, 'k2', IN_FLIGHT)], [items([delivery(3, 'k1', 11)], LATE)]),
  ],
  [
    'a snapshot without what was evicted, as another reader was told',
    recording(THREE, [
      items([delivery(3, 'k1', 11)], LATE),
      mirror([message(2, SNAPSHOT), message(4, { upserted: [entry(3, 'k1')], removed: [gone(4, 'k2', 'EVICTED')] })], {
        id: 'm',
      }),
    ]),
  ],
  [
    'a snapshot without what may have expired',
    recording(THREE, [items([delivery(3, 'k1', 11)], LATE)], { mayVanish: true }),
  ],
  ['an item of a call in flight', recording([insertion(1, 'k1', IN_FLIGHT)], [items([delivery(1, 'k1')])])],
  [
    'a call in flight that nobody has seen applied',
    recording(
      [...THREE, insertion(4, 'k2', IN_FLIGHT)],
      [
        items([delivery(1, 'k1'), delivery(2, 'k2'), delivery(3, 'k1')]),
        mirror([message(2, SNAPSHOT), message(3, { upserted: [entry(3, 'k1')] })], { id: 'm' }),
      ],
    ),
  ],
  [
    'a removal in flight that a mirror was told',
    recording(
      [...THREE.slice(0, 2), removal(3, 'k1', IN_FLIGHT)],
      [mirror([message(2, SNAPSHOT), message(3, { removed: [gone(3, 'k1')] })])],
    ),
  ],
  [
    'a retry of a call without an answer, answered with what the first one did',
    recording(
      [{ ...repeat(1, 'k1'), ...IN_FLIGHT }, { ...repeat(1, 'k1'), startedAt: 5, answeredAt: 6 }, insertion(2, 'k2')],
      [items([{ ...delivery(1, 'k1'), value: 'v' }, delivery(2, 'k2')])],
    ),
  ],
  [
    'superseded items skipped by a reader that may have been slower than the window',
    recording(
      [...THREE, insertion(4, 'k2')],
      [items([delivery(3, 'k1', 11), delivery(4, 'k2', 11)], { after: cursor(1) })],
      {
        window: 2,
      },
    ),
  ],
  [
    'superseded items skipped where others write as well, who may have filled the window',
    recording(
      [...THREE, insertion(4, 'k2')],
      [
        items([delivery(3, 'k1', 11), delivery(4, 'k2', 11)], { after: cursor(1) }),
        items([delivery(5, 'foreign')], { id: 'f', filter: { keyPrefix: 'f' } }),
      ],
    ),
  ],
  [
    'LAGGED, and a resume with the missed items',
    recording(
      [...THREE, insertion(4, 'k2')],
      [
        items([delivery(1, 'k1')], { id: 'a', onLag: 'FAIL', end: lagged({ cursor: cursor(1), missed: 1 }) }),
        items([delivery(3, 'k1', 11), delivery(4, 'k2', 11)], { id: 'b', after: cursor(1), resumedFrom: 'a' }),
      ],
      { window: 2 },
    ),
  ],
  [
    'a reset of a mirror that may have been slower than the window',
    recording(
      [...THREE.slice(0, 2), removal(3, 'k1')],
      [MIRROR_A, mirror([message(3, { reset: true, upserted: [entry(2, 'k2')] })], { id: 'b', ...RESUMED })],
      { window: 1 },
    ),
  ],
  ['a resume', recording(THREE, [HISTORY_A, items([delivery(3, 'k1')], { id: 'b', ...RESUMED })])],
  [
    'a mirror that was cut inside its snapshot',
    recording(THREE.slice(0, 2), [
      mirror([message(1, { reset: true, upserted: [entry(1, 'k1')], caughtUp: false })], { id: 'a' }),
      mirror([message(2, { upserted: [entry(2, 'k2')] })], { id: 'b', after: cursor(1), resumedFrom: 'a' }),
    ]),
  ],
  [
    'a snapshot that ends inside of what was a batch',
    recording(
      [batch(1, ['k1', 'k2'])],
      [
        mirror([
          message(1, { reset: true, upserted: [entry(1, 'k1')], caughtUp: false }),
          message(2, { upserted: [entry(2, 'k2')] }),
        ]),
      ],
    ),
  ],
  [
    'a mirror that was sent only the last of a key',
    recording(
      [...THREE, removal(4, 'k2')],
      [mirror([message(0, { reset: true }), message(4, { upserted: [entry(3, 'k1')], removed: [gone(4, 'k2')] })])],
    ),
  ],
  ['a proof', recording([insertion(1, 'k1')], [whole(1, 1, CHECKSUM_OF_ONE)])],
  [
    'no proof for a caller that is limited',
    recording(
      [insertion(1, 'k1')],
      [mirror([message(1, { reset: true, upserted: [entry(1, 'k1')] })], { filter: null })],
      { hidesSize: true },
    ),
  ],
  [
    'a read on another connection, that is perhaps of another node',
    recording(THREE, [], { reads: [{ ...reading(5, 'k1', 1), connection: 'other' }] }),
  ],
  [
    'a read of nothing while a removal is in flight',
    recording([...THREE, removal(4, 'k2', IN_FLIGHT)], [], { reads: [reading(5, 'k2', null)] }),
  ],
  ['a limit', recording(THREE, [items([delivery(1, 'k1')], { limit: 1, end: { kind: 'complete' } })])],
  ['a limit of nothing', recording(THREE, [items([], { limit: 0, end: { kind: 'complete' } })])],
  [
    'a query whose items changed while its pages were fetched, and the subscription after it',
    recording(
      [...THREE, insertion(4, 'k2')],
      [
        pages(
          page(3, [entry(2, 'k2')], { first: 1, hasNextPage: true }),
          page(4, [entry(3, 'k1'), entry(4, 'k2')], { after: cursor(2) }),
        ),
        items([delivery(4, 'k2')], { after: cursor(3), resumedFrom: 'query' }),
      ],
    ),
  ],
];

it.each(GOOD)('the checker reports nothing for %s', (_, made) => {
  expect(checkHistories(made)).toEqual([]);
});

it.each(GOOD)(
  'the checker reports nothing for %s, from a server that tells follows and the sums of filtered mirrors',
  (_, made) => {
    expect(checkHistories(provedRecording(made))).toEqual([]);
  },
);

it('the checker handles 500,000 deliveries in one recording', () => {
  const positions = Array.from({ length: 20_000 }, (_, n) => n + 1);
  const writes = positions.map((at) => insertion(at, `k${at % 200}`));
  const deliveries = positions.map((at) => delivery(at, `k${at % 200}`));
  const histories = Array.from({ length: 25 }, (_, n) => items(deliveries, { id: `r${n}` }));
  expect(checkHistories(recording(writes, histories))).toEqual([]);
});
