/** The fan-out and generators report failures in the same words. */
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../src/server/server.ts';
import { type Asked, type Reader, type Wire, wires } from '../support/clients/readers.ts';
import { startServer } from '../support/server/server.ts';
import { startTwins, type Twins } from '../support/model/twins.ts';
import { replaced } from '../support/documents/replaced.ts';

/** The window holds the last ten of forty. */
async function laggards(): Promise<Twins & { readonly cursors: Readonly<Record<string, string>> }> {
  const twins = await startTwins({ window: 10 });
  const [first, ...others] = await twins.plain.map.insertMany(
    Array.from({ length: 40 }, (_, n) => ({ key: `k${n}`, value: n })),
  );
  const other = await startServer({ window: 10 });
  const { cursor: foreign } = await other.map.insert({ key: 'k0', value: 0 });
  const last = others.at(-1)?.cursor ?? '';
  // The digest is the last part.
  const otherHistory = `${last.slice(0, -7)}${last.endsWith('000000a') ? '000000b' : '000000a'}`;
  const ahead = replaced(last, '-214-', '-2zz-');
  return { ...twins, cursors: { first: first?.cursor ?? '', last, foreign, otherHistory, ahead } };
}

const read = async (server: SeamlineServer, wire: Wire, asked: Asked): Promise<Reader> => {
  const reader = wire.read(server, asked);
  await reader.ends();
  return reader;
};

/** Where in the document a subscription that ends with an error stands: graphql-js 17 says that, 16 doesn't. */
const unplaced = ({ results }: Reader): unknown =>
  results.map((result) => ({
    ...result,
    ...(result.errors && { errors: result.errors.map((error) => ({ ...error, locations: undefined })) }),
  }));

/** Subscriptions that end by themselves. `$name` in a cursor's place: one of those above. */
const ENDING: readonly (readonly [name: string, code: string | undefined, asked: Asked])[] = [
  ['a negative limit', 'BAD_USER_INPUT', { query: 'subscription { items(limit: -1) { key } }' }],
  [
    'a negative limit in extensions',
    'BAD_USER_INPUT',
    { query: 'subscription { items { key } }', extensions: { limit: -1 } },
  ],
  [
    'a limit that is no number',
    'BAD_USER_INPUT',
    { query: 'subscription ($n: Int) { items(limit: $n) { key } }', variables: { n: 'x' } },
  ],
  ['an empty cursor', 'BAD_USER_INPUT', { query: 'subscription { items(after: "") { key } }' }],
  ['an empty cursor of a mirror', 'BAD_USER_INPUT', { query: 'subscription { itemChanges(after: "") { cursor } }' }],
  ['a cursor that is none', 'BAD_USER_INPUT', { query: 'subscription { items { key } }', extensions: { after: 'x' } }],
  ['a cursor of another log', 'CURSOR_EXPIRED', { query: 'subscription { items(after: "$foreign") { key } }' }],
  [
    'a cursor of another history',
    'CURSOR_EXPIRED',
    { query: 'subscription { items(after: "$otherHistory") { key } }' },
  ],
  ['a cursor ahead of the log', 'CURSOR_EXPIRED', { query: 'subscription { items(after: "$ahead") { key } }' }],
  [
    'lag',
    'LAGGED',
    { query: 'subscription { items(after: "$first", onLag: FAIL) { key } }', extensions: { cursors: true } },
  ],
  [
    'lag of whom a filter spares it',
    'LAGGED',
    { query: 'subscription { items(after: "$first", onLag: FAIL, filter: { keys: [] }) { key } }' },
  ],
  [
    'lag that is passed over',
    undefined,
    {
      query: 'subscription { items(after: "$first", limit: 39) { key value cursor } }',
      extensions: { cursors: true, left: true },
    },
  ],
  ['a limit of 0', undefined, { query: 'subscription { items(limit: 0) { key } }' }],
  [
    'a limit of 0 in extensions',
    undefined,
    { query: 'subscription { items(limit: 5) { key } }', extensions: { limit: 0 } },
  ],
  ['a limit of 0 at the head', undefined, { query: 'subscription { items(after: "$last", limit: 0) { key } }' }],
  [
    'a limit of 0 after an expired cursor',
    undefined,
    { query: 'subscription { items(after: "$foreign", limit: 0) { key } }' },
  ],
  [
    'a limit of 0 and lag',
    undefined,
    { query: 'subscription { items(after: "$first", limit: 0, onLag: FAIL) { key } }' },
  ],
  [
    'a filter with an empty list',
    undefined,
    { query: 'subscription { items(limit: 0, filter: { keys: [] }) { key } }' },
  ],
  [
    'a prefix that is no key',
    'BAD_USER_INPUT',
    { query: `subscription { items(filter: { keyPrefix: "${'x'.repeat(513)}" }) { key } }` },
  ],
  ['a document that can’t be parsed', 'GRAPHQL_PARSE_FAILED', { query: 'subscription {' }],
  ['a field that isn’t there', 'GRAPHQL_VALIDATION_FAILED', { query: 'subscription { items { nope } }' }],
  [
    'two fields at once',
    'GRAPHQL_VALIDATION_FAILED',
    { query: 'subscription { items { key } itemChanges { cursor } }' },
  ],
  ['the type of the root', 'GRAPHQL_VALIDATION_FAILED', { query: 'subscription { __typename }' }],
  [
    'a field under nine names',
    'GRAPHQL_VALIDATION_FAILED',
    { query: `subscription { items { ${Array.from({ length: 9 }, (_, n) => `v${n}: value`).join(' ')} } }` },
  ],
  [
    'an operation that isn’t there',
    'BAD_USER_INPUT',
    { query: 'subscription A { items { key } }', operationName: 'B' },
  ],
  [
    'a condition that is null',
    undefined,
    {
      query: 'subscription ($b: Boolean = true) { items(limit: 3) { key @skip(if: $b) cursor } }',
      variables: { b: null },
      extensions: { cursors: true },
    },
  ],
  [
    'a condition that is no boolean',
    'BAD_USER_INPUT',
    { query: 'subscription ($b: Boolean!) { items(limit: 3) { key @skip(if: $b) cursor } }', variables: { b: 1 } },
  ],
  [
    'a condition that isn’t given',
    'BAD_USER_INPUT',
    { query: 'subscription ($b: Boolean!) { items(limit: 3) { key @skip(if: $b) cursor } }' },
  ],
];

describe.each(wires)('over $name', (wire) => {
  it.each(ENDING)('G4 G5 G8 the fan-out and a generator end alike: %s', async (_name, code, asked) => {
    const { cursors, fanned, plain } = await laggards();
    const filled = {
      ...asked,
      query: asked.query.replaceAll(/"\$(\w+)"/g, (_all, name: string) => JSON.stringify(cursors[name])),
    };
    const [one, other] = [await read(fanned, wire, filled), await read(plain, wire, filled)];
    if (code !== undefined) expect(other.results.map(({ errors }) => errors?.[0]?.extensions['code'])).toEqual([code]);
    expect(unplaced(one)).toEqual(unplaced(other));
    expect(one.ids).toEqual(other.ids);
  });

  it('an item that is too large fails by itself, and the next ones are delivered (G1)', async () => {
    const twins = await startTwins({ maxValueBytes: 10_000_000, maxBatchBytes: 20_000_000 });
    // Eight of them exceed what one answer may hold, eight of the others don't.
    const fields = Array.from({ length: 8 }, (_, n) => `v${n}: value`).join(' ');
    const values = ['small', 'x'.repeat(9_000_000), { a: 'small' }, 'y'.repeat(9_000_000), 'last'];
    await twins.plain.map.insert({ key: 'k0', value: values[0] });
    await twins.plain.map.insert({ key: 'k1', value: values[1] });
    const asked = { query: `subscription { items(limit: 5) { key ${fields} } }`, extensions: { cursors: true } };
    const readers = twins.both.map((server) => wire.read(server, asked));
    for (const reader of readers) await reader.reaches(2);
    for (const [n, value] of values.slice(2).entries()) await twins.plain.map.insert({ key: `k${n + 2}`, value });
    for (const reader of readers) await reader.ends();
    const [one, other] = readers;
    const codes = other?.results.map(({ errors }) => errors?.[0]?.extensions['code']);
    expect(codes).toEqual([undefined, 'PAYLOAD_TOO_LARGE', undefined, 'PAYLOAD_TOO_LARGE', undefined]);
    expect(one?.results).toEqual(other?.results);
    // A client that reconnects later need not get it again.
    if (wire.name !== 'SSE') return;
    for (const { ids } of readers) expect(ids.map((id) => id?.replace(/^.*\./, ''))).toEqual(['4', '3', '2', '1', '0']);
  });

  it('a message that is too large fails by itself, and the next ones are delivered (G6)', async () => {
    const twins = await startTwins({ maxValueBytes: 10_000_000, maxBatchBytes: 20_000_000 });
    const fields = Array.from({ length: 8 }, (_, n) => `v${n}: value`).join(' ');
    const asked = { query: `subscription { itemChanges { caughtUp cursor upserted { key ${fields} } } }` };
    const readers = twins.both.map((server) => wire.read(server, asked));
    for (const [n, value] of ['small', 'x'.repeat(9_000_000), 'last'].entries()) {
      for (const reader of readers) await reader.reaches(n + 1);
      await twins.plain.map.insert({ key: `k${n}`, value });
    }
    for (const reader of readers) await reader.reaches(4);
    const [one, other] = readers;
    expect(other?.results.map(({ errors }) => errors?.[0]?.extensions['code'])).toEqual([
      undefined,
      undefined,
      'PAYLOAD_TOO_LARGE',
      undefined,
    ]);
    expect(one?.results).toEqual(other?.results);
  });
});
