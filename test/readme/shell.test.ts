/** The commands of README.md, docs/ and the examples, in a real shell. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { InsertItemDocument } from '../../schema/documents/graphql.ts';
import { blocks, codeOf, commandsOf, put } from '../support/documents/blocks.ts';
import { type Address, ask, request } from '../support/clients/clients.ts';
import { startExample } from '../support/processes/examples.ts';
import { temporaryDirectory } from '../support/engines/kept.ts';
import { isMissing } from '../support/processes/programs.ts';
import { startServer } from '../support/server/server.ts';
import { printed, served, type } from '../support/processes/shell.ts';
import { bearer, issuerKey, keySet, SECRET, sign } from '../support/server/tokens.ts';

/** Several processes start, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

const input = { key: 'a', value: { n: 1 } };

/** The status of a query. */
const statusWith = async ({ url }: Address, token?: string): Promise<number> =>
  (await fetch(`${url}?query={item(key:"a"){key}}`, { headers: token ? bearer(token) : {} })).status;

describe('README.md', () => {
  it.skipIf(isMissing('curl'))(
    'Quick start: a subscriber prints the inserted item as shown, and each later one (G1)',
    async () => {
      const [start = '', insert = '', subscribe = ''] = commandsOf(3, 'README.md', 'Quick start');
      const server = await served(start);
      const insertHere = put(insert, { '-- insert': `-- insert --url ${server.url}` });
      await printed(insertHere);
      const subscriber = type(put(subscribe, { 'http://127.0.0.1:4000/graphql': server.url }));
      const withoutId = (text: string): string => text.replace(/^id: .+$/m, 'id: …');
      const [printedItem] = await subscriber.said(/event: next\n.*\nid: .*\n/);
      expect(withoutId(printedItem)).toBe(withoutId(codeOf('README.md', 'Quick start', 2)));
      await printed(put(insertHere, { hello: 'again' }));
      expect(await subscriber.said(/"text":"again"/)).toHaveLength(1);
    },
  );

  it('Installation: `npm start` serves on another port, and the image serves everybody', async () => {
    const [checkout = '', image = ''] = commandsOf(2, 'README.md', 'Installation');
    for (const command of [put(checkout, { '--port 4100': '--port 0' }), image])
      expect(await ask(await served(command), InsertItemDocument, { input })).toMatchObject({
        insertItem: { key: 'a' },
      });
  });
});

describe('docs/command-line.md', () => {
  it.skipIf(isMissing('jq'))(
    'Insert and tail: a file is inserted, a value printed, and a map copied (G7)',
    async () => {
      const [insert = '', tail = '', copy = ''] = commandsOf(3, 'docs/command-line.md', 'Insert and tail');
      const [one, other] = [await startServer(), await startServer()];
      const file = join(temporaryDirectory(), 'items.ndjson');
      const [, line = ''] =
        / # one item per line: (\{.*\})$/m.exec(codeOf('docs/command-line.md', 'Insert and tail')) ?? [];
      writeFileSync(file, `${line}\n{"key":"sensor/1","value":[12]}\n`);
      await printed(put(insert, { 'insert items.ndjson': `insert --url ${one.url} ${file}` }));
      expect(one.map.get('a')?.expiresAt).toBeDefined();

      const first = put(tail, { 'tail ': `tail --limit 1 --url ${one.url} `, 'jq ': 'jq -c ' });
      expect(await printed(first)).toBe('[12]\n');

      type(put(copy, { 'http://one:4000/graphql': one.url, 'http://other:4000/graphql': other.url }));
      await expect.poll(() => other.map.get('sensor/1')?.value, { timeout: 60_000 }).toEqual([12]);
      await one.map.insert({ key: 'live', value: 1 });
      await expect.poll(() => other.map.get('live')?.value, { timeout: 60_000 }).toBe(1);
    },
  );

  it('Insert and tail: a filter on values selects what is printed, and `--changes` tells what matches no longer', async () => {
    const [open = '', priced = '', changes = ''] = commandsOf(3, 'docs/command-line.md', 'Insert and tail', 2);
    const server = await startServer();
    const env = { SEAMLINE_URL: server.url };
    for (const key of ['order/1', 'other/1'])
      await server.map.insert({ key, value: { status: 'open', price: 120, tags: ['new'] } });
    expect(JSON.parse(await printed(put(open, { 'tail ': 'tail --limit 1 ' }), { env }))).toMatchObject({
      key: 'order/1',
    });
    const both = (await printed(put(priced, { '--limit 10': '--limit 2' }), { env })).trim().split('\n');
    expect(both.map((line) => (JSON.parse(line) as { key: string }).key)).toEqual(['order/1', 'other/1']);
    const mirror = type(changes, { env });
    await mirror.said(/"caughtUp":true/);
    await server.map.insert({ key: 'order/1', value: { status: 'paid' } });
    await mirror.said(/UNMATCHED/);
  });

  it.skipIf(isMissing('jq'))('Get and remove: values are printed, and an item is removed', async () => {
    const [get = '', remove = ''] = commandsOf(2, 'docs/command-line.md', 'Get and remove');
    const server = await startServer();
    for (const n of [1, 2]) await server.map.insert({ key: `sensor/${n}`, value: n });
    const env = { SEAMLINE_URL: server.url };
    expect(await printed(get, { env })).toBe('1\n2\n');
    expect(JSON.parse(await printed(remove, { env }))).toEqual({
      key: 'sensor/1',
      reason: 'REMOVED',
      timestamp: expect.any(String),
      cursor: expect.any(String),
    });
    expect(server.map.get('sensor/1')).toBeUndefined();
  });

  it('Schema: the schema of a server is written to a file, without and with an SDL file', async () => {
    const [plain = '', typed = ''] = commandsOf(2, 'docs/command-line.md', 'Schema');
    const cwd = temporaryDirectory();
    const printedBy = async (command: string): Promise<string> => {
      await printed(put(command, { 'npm start --silent --': 'seamline' }), { cwd });
      return readFileSync(join(cwd, 'seamline.graphql'), 'utf8');
    };
    expect(await printedBy(plain)).toBe(readFileSync('schema/schema.graphql', 'utf8'));
    writeFileSync(join(cwd, 'schema.graphql'), codeOf('docs/collections.md', 'Setup'));
    expect(await printedBy(typed)).toContain('type Quote {');
  });
});

describe.each([
  ['README.md', 'https://login.example/keys.json', {}],
  [
    'docs/security.md',
    'https://issuer.example/.well-known/jwks.json',
    { iss: 'https://issuer.example/', aud: 'seamline' },
  ],
])('%s, Authentication', (page, jwks, claims) => {
  const [bySecret = '', byKeys = ''] = commandsOf(2, page, 'Authentication');

  it('a token that is signed with the secret is accepted', async () => {
    const server = await served(put(bySecret, { '…': SECRET }));
    expect(await statusWith(server, await sign())).toBe(200);
    expect(await statusWith(server)).toBe(401);
  });

  it('a token that is signed with a key of the set is accepted', async () => {
    const key = await issuerKey('one');
    const server = await served(put(byKeys, { [jwks]: (await keySet(key)).url }));
    expect(await statusWith(server, await key.sign(claims))).toBe(200);
    for (const name of Object.keys(claims))
      expect(await statusWith(server, await key.sign({ ...claims, [name]: 'another' }))).toBe(401);
    expect(await statusWith(server, await sign(claims))).toBe(401);
  });
});

it('docs/operations.md, Traces: a mutation and its append each have a span', async () => {
  // Inside the project, so that its imports are found.
  mkdirSync('.cache', { recursive: true });
  const directory = mkdtempSync(resolve('.cache', 'tracing-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'tracing.mjs'), codeOf('docs/operations.md', 'Traces'));
  const [, command = ''] = /with `(NODE_OPTIONS=.* npm start)`/.exec(readFileSync('docs/operations.md', 'utf8')) ?? [];
  const server = await served(put(command, { './tracing.mjs': join(directory, 'tracing.mjs') }));
  await ask(server, InsertItemDocument, { input });
  for (const name of ['append', 'mutation'])
    expect((await server.said(new RegExp(`name: '${name}'`)))[0]).toContain(name);
});

describe('examples', () => {
  const names = readdirSync('examples', { withFileTypes: true }).filter((entry) => entry.isDirectory());

  /** test/examples/ runs the command itself. */
  it('each example has the same command in docs/clients.md and in its README', () => {
    const expected = names.map(({ name }) => `npm run example -- ${name}`).sort();
    expect(commandsOf(names.length, 'docs/clients.md', 'Examples').sort()).toEqual(expected);
    const ofPages = blocks.filter(({ page, language }) => page.startsWith('examples/') && language === 'sh');
    const own = ofPages.map(({ page, code }) => [page, code.split(/ {2,}#|\n/)[0]]);
    expect(own).toEqual(names.map(({ name }) => [`examples/${name}/README.md`, `npm run example -- ${name}`]).sort());
  });

  it('node-service counts the order that is piped in', async () => {
    const example = await startExample('node-service', '--data', temporaryDirectory());
    const [, order = ''] = commandsOf(2, 'examples/node-service/README.md', 'A service in Node, with graphql-ws');
    await printed(put(order, { '-- insert': `-- insert --url ${example.url}` }));
    expect(await example.line()).toBe('order/1: Ada has ordered for 12.5');
  });

  it('pothos-yoga answers the mutation that is shown', async () => {
    const example = await startExample('pothos-yoga');
    const query = codeOf('examples/pothos-yoga/README.md', 'A stream in a Pothos and Yoga server', 2);
    expect(await request(example, query)).toEqual({ data: { insertQuote: { price: 12.5 } } });
  });
});
