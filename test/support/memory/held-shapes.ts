/** Inputs whose values and keys take much more memory than their JSON when they are kept carelessly. */
import type { InsertInput } from '../../../src/core/input/insert-input.ts';

type Inputs = readonly InsertInput<unknown>[];

const many = (count: number, make: (n: number) => unknown): unknown[] =>
  Array.from({ length: count }, (_, n) => make(n));
const one = (key: string, value: unknown): Inputs => [{ key, value }];
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

/** By name: the batches. Each shape has about 4 MB of keys and JSON, or up to 50,000 entries. */
export const SHAPES: Readonly<Record<string, () => Generator<Inputs, void, void>>> = {
  *'arrays of empty objects'() {
    for (let n = 0; n < 60; n++)
      yield one(
        `k${n}`,
        many(20_000, () => ({})),
      );
  },
  *'arrays of empty arrays in arrays'() {
    for (let n = 0; n < 60; n++)
      yield one(
        `k${n}`,
        many(450, () => nested(60)),
      );
  },
  *'objects with distinct names'() {
    for (let n = 0; n < 60; n++)
      yield one(`k${n}`, Object.fromEntries(many(4000, (m) => [`${n}-${m}`, m]) as [string, unknown][]));
  },
  *fractions() {
    for (let n = 0; n < 60; n++)
      yield one(
        `k${n}`,
        many(3000, (m) => m / 7),
      );
  },
  *'small items'() {
    for (let n = 0; n < 50_000; n += 500) yield many(500, (m) => ({ key: `k${n + m}`, value: 1 })) as Inputs;
  },
  *'small items, each in a moment of its own'() {
    for (let n = 0; n < 20_000; n++) yield one(`k${n}`, n);
  },
  *'small items that expire'() {
    for (let n = 0; n < 20_000; n++) yield [{ key: `k${n}`, value: n, ttl: 1_000_000 + n }];
  },
  *'long keys of other scripts'() {
    for (let n = 0; n < 20_000; n++) yield one(`${n}${'語'.repeat(165)}`, n);
  },
  *'keys made of single characters'() {
    for (let n = 0; n < 5000; n++) {
      let key = String(n);
      while (key.length < 500) key += 'x';
      yield one(key, n);
    }
  },
  *'keys cut from long texts'() {
    for (let n = 0; n < 3000; n++) yield one(`${'x'.repeat(6000)}key-of-the-text-${n}`.slice(6000), n);
  },
  *'idempotency keys cut from long texts'() {
    for (let n = 0; n < 3000; n++) {
      const idempotencyKey = `${'x'.repeat(6000)}idempotency-key-${n}`.slice(6000);
      yield [{ key: `k${n}`, value: n, idempotencyKey }];
    }
  },
  *'ASCII with one character of another script'() {
    for (let n = 0; n < 60; n++) yield one(`k${n}`, `${'x'.repeat(60_000)}😀`);
  },
  *'ASCII with one character of Latin-1'() {
    for (let n = 0; n < 60; n++) yield one(`k${n}`, `${'x'.repeat(60_000)}é`);
  },
  *'other scripts'() {
    for (let n = 0; n < 60; n++) yield one(`k${n}`, '語'.repeat(20_000));
  },
  *'batches of which one item stays'() {
    for (let n = 0; n < 60; n++)
      yield many(1000, (m) => ({ key: m === 0 ? `stays-${n}` : `k${String(m)}`, value: 'x'.repeat(300) })) as Inputs;
  },
};
