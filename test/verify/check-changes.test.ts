import { describe, expect, it } from 'vitest';
import { checkHistories } from '../../src/verify/check/check-histories.ts';
import {
  batch,
  CHECKSUM_OF_ONE,
  cursor,
  delivery,
  entry,
  gone,
  IN_FLIGHT,
  insertion,
  items,
  message,
  mirror,
  page,
  pages,
  reading,
  recording,
  removal,
  repeat,
  SNAPSHOT,
  THREE,
  type Cases,
  whole,
} from '../support/histories/made-histories.ts';

const BAD: Readonly<Record<string, Cases>> = {
  G6: [
    ['no reset at the beginning', recording([], [mirror([message(0)])])],
    ['a reset without lag', recording(THREE, [mirror([message(2, SNAPSHOT), message(3, { reset: true })])])],
    [
      'a key twice in a message',
      recording(THREE, [mirror([message(3, { reset: true, upserted: [entry(1, 'k1'), entry(3, 'k1')] })])]),
    ],
    [
      'a key in both lists of a message',
      recording(
        [...THREE, removal(4, 'k2')],
        [mirror([message(4, { reset: true, upserted: [entry(2, 'k2'), entry(3, 'k1')], removed: [gone(4, 'k2')] })])],
      ),
    ],
    ['a missing item', recording(THREE, [mirror([message(3, { reset: true, upserted: [entry(3, 'k1')] })])])],
    ['a missing change', recording(THREE, [mirror([message(2, SNAPSHOT), message(3)])])],
    [
      'a missing removal',
      recording([...THREE.slice(0, 2), removal(3, 'k1')], [mirror([message(2, SNAPSHOT), message(3)])]),
    ],
    [
      'a removal that nobody asked for',
      recording(THREE.slice(0, 2), [mirror([message(2, SNAPSHOT), message(3, { removed: [gone(3, 'k1')] })])]),
    ],
    [
      'more than 1,000 entries in a message',
      recording(
        [
          batch(
            1,
            Array.from({ length: 1001 }, (_, n) => `k${n}`),
          ),
        ],
        [
          mirror([
            message(1001, { reset: true, upserted: Array.from({ length: 1001 }, (_, n) => entry(n + 1, `k${n}`)) }),
          ]),
        ],
      ),
    ],
    [
      'a message that ends inside a batch',
      recording(
        [insertion(1, 'k1'), batch(2, ['k2', 'k3'])],
        [
          mirror([
            message(1, { reset: true, upserted: [entry(1, 'k1')] }),
            message(2, { upserted: [entry(2, 'k2')], caughtUp: false }),
            message(3, { upserted: [entry(3, 'k3')] }),
          ]),
        ],
      ),
    ],
    ['a wrong size', recording([insertion(1, 'k1')], [whole(1, 2, CHECKSUM_OF_ONE)])],
    ['a wrong checksum', recording([insertion(1, 'k1')], [whole(1, 1, '00000000')])],
    [
      'no proof',
      recording(
        [insertion(1, 'k1')],
        [mirror([message(1, { reset: true, upserted: [entry(1, 'k1')] })], { filter: null })],
      ),
    ],
    [
      'a wrong proof for a part',
      recording(
        [insertion(1, 'k1')],
        [mirror([message(1, { reset: true, upserted: [entry(1, 'k1')], size: 2, checksum: CHECKSUM_OF_ONE })])],
      ),
    ],
    [
      'a proof before the mirror is caught up',
      recording(
        [insertion(1, 'k1')],
        [
          mirror([
            message(1, {
              reset: true,
              upserted: [entry(1, 'k1')],
              size: 1,
              checksum: CHECKSUM_OF_ONE,
              caughtUp: false,
            }),
          ]),
        ],
      ),
    ],
    ['no first message', recording([], [mirror([], { end: { kind: 'overdue', awaited: 'first' } })])],
  ],
  G7: [
    [
      'a last insertion that never arrived',
      recording(THREE, [items([delivery(1, 'k1')], { end: { kind: 'overdue', awaited: 'marker' } })]),
    ],
    ['a read that misses the writer’s own write', recording(THREE, [], { reads: [reading(5, 'k1', 1)] })],
    ['a read of nothing after the writer’s own write', recording(THREE, [], { reads: [reading(5, 'k2', null)] })],
    [
      'a read of what the writer has removed',
      recording([...THREE, removal(4, 'k2')], [], { reads: [reading(5, 'k2', 2)] }),
    ],
    ['a retry answered with another result', recording([repeat(1, 'k1'), repeat(2, 'k1')], [])],
    [
      'a change inside a batch',
      recording([batch(1, ['k1', 'k2'], { results: [1, 3].map((at) => entry(at, '')) }), insertion(2, 'k3')], []),
    ],
    [
      'a part of a batch in flight',
      recording(
        [insertion(1, 'k1'), insertion(2, 'k2'), batch(3, ['k1', 'k2'], IN_FLIGHT)],
        [mirror([message(2, SNAPSHOT), message(3, { upserted: [entry(3, 'k1')] })])],
      ),
    ],
    [
      'a condition that did not hold',
      recording([...THREE, insertion(4, 'k1', { inputs: [{ key: 'k1', value: '4', ifCursor: cursor(1) }] })], []),
    ],
    [
      'an insertion beside one that was there',
      recording([...THREE, insertion(4, 'k1', { inputs: [{ key: 'k1', value: '4', ifAbsent: true }] })], []),
    ],
  ],
  G11: [
    [
      'a hole between query and subscription',
      recording(
        [...THREE, insertion(4, 'k2')],
        [
          pages(page(2, [entry(1, 'k1'), entry(2, 'k2')])),
          items([delivery(4, 'k2')], { after: cursor(2), resumedFrom: 'query' }),
        ],
      ),
    ],
    ['a page without a current item', recording(THREE, [pages(page(3, [entry(3, 'k1')]))])],
    [
      'a page with an item that is superseded',
      recording(THREE, [pages(page(3, [entry(1, 'k1'), entry(2, 'k2'), entry(3, 'k1')]))]),
    ],
    [
      'a further page without a current item',
      recording(
        [...THREE, insertion(4, 'k4')],
        [
          pages(
            page(3, [entry(2, 'k2')], { first: 1, hasNextPage: true }),
            page(4, [entry(4, 'k4')], { after: cursor(2) }),
          ),
        ],
      ),
    ],
  ],
};

describe.each(Object.keys(BAD))('%s', (guarantee) => {
  it.each(BAD[guarantee] ?? [])(`${guarantee} catches %s`, (_, made) => {
    expect(checkHistories(made).map((violation) => violation.guarantee)).toContain(guarantee);
  });
});
