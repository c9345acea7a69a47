/** docs/clients.md, the sections with typed documents, as a reader copies them. */
import { buildSchema, parse, validate } from 'graphql';
import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { ask } from '../../support/clients/clients.ts';
import { codeOf, put } from '../../support/documents/blocks.ts';
import { bundle, complaintsOf, linesOf } from '../../support/documents/readme.ts';
import { type Network, networkTo } from '../../support/sockets/proxy.ts';
import { startServer } from '../../support/server/server.ts';

/** Clients wait longer before each further attempt. */
vi.setConfig({ testTimeout: 60_000 });

const PAGE = 'docs/clients.md';
const EXAMPLE = 'examples/typed-apollo-react';
const DOCUMENTS = 'test/support/typed/documents/graphql.ts';
const LISTS = ['Typed documents with Apollo Client', 'Typed documents with urql'];
const SNIPPETS = ['Typed mirror and useItems', ...LISTS, 'Typed documents with graphql-ws'];

const withDocuments = (title: string, path: string): string =>
  put(codeOf(PAGE, title), { './documents/graphql.ts': path });

async function world() {
  const server = await startServer({ schema: `${EXAMPLE}/quotes.graphql` });
  const network = await networkTo(server.url);
  const insert = (symbol: string, price: number) =>
    ask(server, 'mutation ($input: QuoteInput!) { insertQuote(input: $input) { id } }', { input: { symbol, price } });
  const remove = (symbol: string) =>
    ask(server, 'mutation ($symbol: ID!) { removeQuote(symbol: $symbol) { key } }', { symbol });
  return { network, insert, remove };
}

async function run(title: string, { url }: Network) {
  const code = withDocuments(title, `./${DOCUMENTS}`).replaceAll('127.0.0.1:4000', new URL(url).host);
  const lines = linesOf(await bundle(code, 'node'));
  return {
    /** Reads on until the line is printed. Not with for await: leaving the loop would end the lines. */
    async prints(expected: string): Promise<void> {
      let line = await lines.next();
      while (line.done !== true && line.value !== expected) line = await lines.next();
      expect(line.value).toBe(expected);
    },
    next: async () => (await lines.next()).value,
  };
}

describe('docs/clients.md, typed documents', () => {
  it('the snippets pass a strict type check', async () => {
    const codes = SNIPPETS.map((title) => [title, withDocuments(title, `../../${DOCUMENTS}`)]);
    expect(await complaintsOf(Object.fromEntries([...codes, ['codegen', codeOf(PAGE, 'Typed documents')]]))).toBe('');
  });

  it('the documents of the page are valid, and those of the snippets', () => {
    const schema = buildSchema(readFileSync(`${EXAMPLE}/schema.graphql`, 'utf8'));
    const documents = parse(codeOf(PAGE, 'Typed documents', 2), { noLocation: true }).definitions;
    expect(validate(schema, { kind: 'Document', definitions: documents } as never)).toEqual([]);
    const own = parse(readFileSync('test/support/typed/operations.graphql', 'utf8'), { noLocation: true }).definitions;
    for (const document of documents) expect(own).toContainEqual(document);
  });

  it('Typed mirror and useItems: the mirror holds the quotes that the condition matches', async () => {
    const { network, insert, remove } = await world();
    await insert('A', 120);
    await insert('B', 80);
    const { prints } = await run('Typed mirror and useItems', network);
    await prints('A 120.00');
    network.cut();
    await insert('B', 101.5);
    await network.refusal();
    network.mend();
    await prints('A 120.00, B 101.50');
    await insert('A', 99);
    await prints('B 101.50');
    await insert('C', 100);
    await prints('B 101.50, C 100.00');
    await remove('B');
    await prints('C 100.00');
  });

  it.each(LISTS)('%s: the list follows insertions and removals, also after a disconnect (G11)', async (title) => {
    const { network, insert, remove } = await world();
    for (const symbol of ['A', 'B']) await insert(symbol, 1);
    const { prints } = await run(title, network);
    await prints('A 1, B 1');
    await insert('C', 1);
    await prints('A 1, B 1, C 1');
    network.cut();
    await remove('A');
    await insert('B', 2);
    await network.refusal();
    network.mend();
    await prints('C 1, B 2');
  });

  it('Typed documents with graphql-ws: the quotes come once and in order, also after a disconnect (G2, G4)', async () => {
    const { network, insert } = await world();
    await insert('A', 1);
    const { next } = await run('Typed documents with graphql-ws', network);
    expect(await next()).toBe('A 1');
    network.cut();
    await insert('B', 2);
    await insert('A', 3);
    await network.refusal();
    network.mend();
    expect([await next(), await next()]).toEqual(['B 2', 'A 3']);
  });
});
