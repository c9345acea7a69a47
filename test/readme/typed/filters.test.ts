/** docs/filters.md, typed from top to bottom. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { transports } from '../../support/clients/clients.ts';
import { blocks, codeOf } from '../../support/documents/blocks.ts';
import { bundle, complaintsOf, linesOf } from '../../support/documents/readme.ts';
import { isMissing } from '../../support/processes/programs.ts';
import { printed, type } from '../../support/processes/shell.ts';
import { startServer } from '../../support/server/server.ts';

/** Several processes start, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

const PAGE = 'docs/filters.md';
const SNIPPETS = [
  'Paths',
  'Equality: `eq` and `ne`',
  'Lists: `in` and `notIn`',
  'Order: `lt`, `lte`, `gt` and `gte`',
  'Text and members: `startsWith` and `contains`',
  'Presence: `exists`',
  'Combinations: `and`, `or` and `not`',
  'Queries',
  'Limits',
];
const WHOLE = ['Clients', 'Library', 'Top 10'];
const setup = codeOf(PAGE, 'Setup', 2);

/** A server with the items of the page. */
async function filled(): Promise<SeamlineServer> {
  const server = await startServer();
  await printed(codeOf(PAGE, 'Setup'), { env: { SEAMLINE_URL: server.url } });
  return server;
}

const run = async (code: string, { url }: SeamlineServer): Promise<AsyncGenerator<string, void, void>> =>
  linesOf(await bundle(code.replaceAll('127.0.0.1:4000', new URL(url).host), 'node'));

describe('docs/filters.md', () => {
  it('each example of an operator, of a query and of an error prints what the page shows', async () => {
    const server = await filled();
    const code = SNIPPETS.map((title) => `{\n${codeOf(PAGE, title)}\n}`).join('\n');
    const shown = [...code.matchAll(/ \/\/ (.+)$/gm)].map(([, output]) => output);
    expect(shown.length).toBeGreaterThan(25);
    const lines = await run(`${setup}\n${code}`, server);
    for (const output of shown) expect((await lines.next()).value).toBe(output);
  });

  it('each operator has an example', () => {
    const [, members = ''] =
      /^input ValueFilter \{$(.*?)^\}$/ms.exec(readFileSync('schema/schema.graphql', 'utf8')) ?? [];
    const operators = [...members.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name);
    expect(operators).toHaveLength(15);
    const code = SNIPPETS.map((title) => codeOf(PAGE, title)).join('\n');
    expect(operators.filter((name) => !new RegExp(`\\b${name}: `).test(code))).toEqual([]);
  });

  it('the first example delivers the open orders', async () => {
    const server = await filled();
    for (const transport of transports) {
      const { data } = (await transport.subscribe(server, codeOf(PAGE, 'Filters')).next())!;
      const { upserted } = (data as { itemChanges: { upserted: { key: string }[] } }).itemChanges;
      expect(upserted.map(({ key }) => key)).toEqual(['order/1', 'order/3']);
    }
  });

  it.skipIf(isMissing('jq'))('`tail` prints the orders that match, and the one that stops matching', async () => {
    const server = await filled();
    const env = { SEAMLINE_URL: server.url };
    const title = 'Items that stop matching';
    const [first = '', second = ''] = codeOf(PAGE, title, 2).split('\n');
    const tail = type(codeOf(PAGE, title), { env });
    expect((await tail.said(/^\{.*\}$/m))[0]).toBe(first);
    await printed(codeOf(PAGE, title, 3), { env });
    expect((await tail.said(/^.*UNMATCHED.*$/m))[0]).toBe(second);
  });

  it('Clients: the mirror holds the open orders', async () => {
    const lines = await run(codeOf(PAGE, 'Clients'), await filled());
    expect((await lines.next()).value).toBe('order/1 order/3');
  });

  it('Library: the map delivers the open order', async () => {
    const lines = await run(codeOf(PAGE, 'Library'), await startServer());
    expect((await lines.next()).value).toBe('order/1');
  });

  it('Top 10: the highest prices are printed, and again after an insertion', async () => {
    const server = await filled();
    const lines = await run(codeOf(PAGE, 'Top 10'), server);
    expect((await lines.next()).value).toBe('order/1 120, order/4 120, order/2 80');
    await server.map.insert({ key: 'order/5', value: { price: 100 } });
    expect((await lines.next()).value).toBe('order/1 120, order/4 120, order/5 100, order/2 80');
  });

  it('the snippets pass a strict type check', async () => {
    const continued = SNIPPETS.map((title) => [title, `${setup}\n${codeOf(PAGE, title)}`]);
    const whole = WHOLE.map((title) => [title, codeOf(PAGE, title)]);
    expect(blocks.filter(({ page, language }) => page === PAGE && language === 'ts')).toHaveLength(
      1 + SNIPPETS.length + WHOLE.length,
    );
    expect(await complaintsOf(Object.fromEntries([...continued, ...whole]), 'es2024')).toBe('');
  });
});
