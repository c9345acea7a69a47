import { describe, expect, it } from 'vitest';
import { unfitItem } from '../../../schema/typed/unfit-item.ts';
import { quotesSdl } from '../../support/typed/quotes-sdl.ts';
import { typedSchema } from '../../support/typed/typed-schema.ts';

const sdl = quotesSdl();
const [quote] = sdl.collections;
if (!quote) throw new Error('there is a collection');

describe('fields of a typed item', () => {
  it('a member that is not stored is null, also under a name that every object inherits', async () => {
    const { run } = typedSchema(sdl, () => ({
      symbol: 'A',
      price: 1,
      address: { geo: {} },
      lines: [{ sku: 'a' }, null],
    }));
    const { data } = await run(
      '{ showQuote { symbol note venue at extra tags lines { sku next { sku } } address { city geo { lat datum } } id expiresAt } }',
    );
    expect(data?.['showQuote']).toEqual({
      symbol: 'A',
      note: null,
      venue: null,
      at: null,
      extra: null,
      tags: null,
      lines: [{ sku: 'a', next: null }, null],
      address: { city: null, geo: { lat: null, datum: null } },
      id: 'a',
      expiresAt: null,
    });
  });

  it.each([
    ['a text', 'note', { note: 'x'.repeat(60_000) }],
    ['texts of a list', 'tags', { tags: Array.from({ length: 60 }, () => 'x'.repeat(1000)) }],
    ['JSON', 'extra', { extra: ['x'.repeat(60_000)] }],
  ])('%s spends its bytes of the answer for each alias', async (_what, field, value) => {
    const { run } = typedSchema(sdl, () => ({ symbol: 'A', price: 1, ...value }));
    const aliases = Array.from({ length: 1200 }, (_, index) => `a${index}: ${field}`).join(' ');
    const { errors } = await run(`{ showQuote { ${aliases} } }`);
    expect(errors?.[0]?.extensions['code']).toBe('PAYLOAD_TOO_LARGE');
    expect((await run(`{ showQuote { ${field} } }`)).errors).toBeUndefined();
  });

  it('a list of objects spends the fields that are selected of them', async () => {
    const lines = Array.from({ length: 5000 }, () => ({ sku: 'a' }));
    const { run } = typedSchema(sdl, () => ({ symbol: 'A', price: 1, lines }));
    const aliases = Array.from({ length: 25 }, (_, index) => `a${index}: sku`).join(' ');
    const { errors } = await run(`{ showQuote { lines { ${aliases} } } }`);
    expect(errors?.[0]?.extensions['code']).toBe('PAYLOAD_TOO_LARGE');
  });
});

describe('the check of stored items', () => {
  const unfit = unfitItem(sdl, quote);

  it.each<[string | undefined, unknown]>([
    [undefined, {}],
    [undefined, { other: 1, note: null, lines: [null, { sku: 'a', other: 1 }], grid: [[1, null], null] }],
    [undefined, { at: '2020-01-01T00:00:00.000Z', volume: '9007199254740993', extra: { a: [null] } }],
    ['price: must be a Float, got "x"', { price: 'x' }],
    ['price: must not be null', { price: null }],
    ['count: must be an Int, got 1.5', { count: 1.5 }],
    ['note: must be a String, got an array', { note: [] }],
    ['venue: must be a Venue, got "XETRA"', { venue: 'XETRA' }],
    ['at: must be a DateTime, got "2020-01-01T01:00:00+01:00"', { at: '2020-01-01T01:00:00+01:00' }],
    ['tags.1: must not be null', { tags: ['a', null] }],
    ['tags: must be a list, got "a"', { tags: 'a' }],
    ['lines.1.sku: must not be null', { lines: [{ sku: 'a' }, {}] }],
    ['lines.0: must be an object of the type Line, got 1', { lines: [1] }],
    ['lines.0.next.amount: must be an Int, got true', { lines: [{ sku: 'a', next: { sku: 'b', amount: true } }] }],
    ['symbol: must equal the key "A", got "B"', { symbol: 'B' }],
  ])('says %j', (problem, value) => {
    expect(unfit({ key: 'A', value: { symbol: 'A', price: 1, ...(value as object) } })).toBe(problem);
  });

  it.each([5, 'x', [], null])('a value that is no object does not fit: %j', (value) => {
    expect(unfit({ key: 'A', value })).toMatch(/^value: must be an object of the type Quote, got /);
  });
});
