/** docs/gateways.md: its subscriptions, another subgraph, and Hive Gateway with its configurations. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { transports } from '../support/clients/clients.ts';
import { sse } from '../support/clients/readers.ts';
import { post } from '../support/clients/requests.ts';
import { codeOf, commandsOf, put } from '../support/documents/blocks.ts';
import { startCompanies } from '../support/gateway/companies.ts';
import { isMissing, seamlineSubgraph, startGateway, whyMissing } from '../support/gateway/hive.ts';
import { printed, served } from '../support/processes/shell.ts';
import { newFolder, schemaFile } from '../support/server/collections.ts';
import { startServer } from '../support/server/server.ts';
import { bearer, SECRET, sign } from '../support/server/tokens.ts';
import { openSocket, subscribeMessage } from '../support/sockets/raw-sockets.ts';

/** Several processes start, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

const PAGE = 'docs/gateways.md';
const FILE = codeOf(PAGE, 'Federation');
const COMPANIES = codeOf(PAGE, 'Federation', 3);
const WATCHED = codeOf(PAGE, 'Federation', 4);
const RESUMED = codeOf(PAGE, 'Resuming');

const INSERT = 'mutation ($input: QuoteInput!) { insertQuote(input: $input) { symbol } }';
const insertion = (symbol: string, venue?: string): object => ({
  query: INSERT,
  variables: { input: { symbol, price: 1, venue } },
});

it.each(transports)(`${PAGE}, Resuming: the argument \`after\` resumes over $name (G4)`, async (over) => {
  const server = await startServer({ schema: schemaFile(FILE) });
  const [a] = await server.map.insertMany(['a', 'b'].map((symbol) => ({ key: symbol, value: { symbol, price: 1 } })));
  const feed = over.subscribe(server, RESUMED, { after: a?.cursor });
  expect(await feed.next()).toMatchObject({ data: { quotes: { symbol: 'b' } } });
});

it(`${PAGE}, Federation: the command prints the SDL that the server of the page answers`, async () => {
  const cwd = newFolder();
  writeFileSync(join(cwd, 'schema.graphql'), FILE);
  const [start = ''] = commandsOf(1, PAGE, 'Federation', 2);
  const server = await served(put(start, { 'npm start --': 'seamline' }), { cwd });
  const [print = ''] = commandsOf(1, PAGE, 'Federation', 5);
  await printed(put(print, { 'npm start --silent --': 'seamline' }), { cwd });
  const { sdl } = await seamlineSubgraph(server);
  expect(readFileSync(join(cwd, 'quotes.graphql'), 'utf8')).toBe(sdl);
  expect(sdl).toContain('type Quote @key(fields: "symbol")');
});

describe.skipIf(isMissing)(`${PAGE}${whyMissing}`, () => {
  it.each([
    ['Hive Gateway over SSE', 'Hive Gateway', 1],
    ['Hive Gateway over WebSocket', 'Hive Gateway', 2],
    ['Hive Gateway that passes extensions on', 'Resuming', 2],
  ])(
    '%s delivers current and later items to callers with a token, joined, and resumes (G1, G4)',
    async (_what, title, nth) => {
      const server = await startServer({ schema: schemaFile(FILE), federation: true, jwtSecret: SECRET });
      const token = bearer(await sign());
      const companies = { ...(await startCompanies({ type: 'Quote', key: 'symbol' })), sdl: COMPANIES };
      const gateway = await startGateway(codeOf(PAGE, title, nth), [await seamlineSubgraph(server, token), companies]);
      expect(await (await post(gateway, insertion('a', 'NYSE'), token)).json()).toMatchObject({
        data: { insertQuote: { symbol: 'a' } },
      });
      const first = sse.read(gateway, { query: WATCHED }, token);
      await first.reaches(1);
      await post(gateway, insertion('other', 'LSE'), token);
      await post(gateway, insertion('b', 'NYSE'), token);
      await first.reaches(2);
      expect(first.delivered()).toMatchObject([
        { symbol: 'a', price: 1, company: 'company of a' },
        { symbol: 'b', price: 1, company: 'company of b' },
      ]);
      const [{ cursor } = { cursor: '' }] = first.delivered<{ cursor: string }>();
      const second = sse.read(gateway, { query: RESUMED, variables: { after: cursor } }, token);
      await second.reaches(1);
      expect(second.delivered()[0]).toMatchObject({ symbol: 'other' });

      expect(await (await post(gateway, insertion(''), token)).json()).toMatchObject({
        errors: [{ extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['input', 'symbol'] }] } }],
      });
      expect(await (await post(gateway, insertion('a'))).json()).toMatchObject({ errors: [{}] });

      const mayRead = bearer(await sign({ scope: 'quotes:read', keyPrefix: 'b' }));
      expect(await (await post(gateway, insertion('b'), mayRead)).json()).toMatchObject({
        errors: [{ extensions: { code: 'FORBIDDEN' } }],
      });
      const narrowed = sse.read(gateway, { query: WATCHED }, mayRead);
      await narrowed.reaches(1);
      expect(narrowed.delivered()).toMatchObject([{ symbol: 'b', company: 'company of b' }]);
      const refused = sse.read(gateway, { query: WATCHED }, bearer(await sign({ scope: 'orders:read' })));
      await refused.ends();
      expect(refused.results.at(-1)).toMatchObject({ errors: [{}] });
    },
  );
});

it(`${PAGE}, Tokens: a WebSocket that was opened with a token needs none in connectionParams, where \`token\` is ignored`, async () => {
  const server = await startServer({ schema: schemaFile(FILE), jwtSecret: SECRET });
  const payload = { token: `Bearer ${await sign()}` };
  const opened = await openSocket(server, { headers: bearer(await sign()) });
  opened.send({ type: 'connection_init', payload });
  expect(await opened.next()).toMatchObject({ type: 'connection_ack' });
  opened.send(subscribeMessage('1', 'subscription { quoteChanges { reset } }'));
  expect(await opened.next()).toMatchObject({ type: 'next', payload: { data: { quoteChanges: { reset: true } } } });
  const withoutHeader = await openSocket(server);
  withoutHeader.send({ type: 'connection_init', payload });
  expect(await withoutHeader.closed).toMatchObject({ code: 4403 });
});

it(`${PAGE}, Apollo Router: the configuration names the path and the protocol of subscriptions, and shares none`, async () => {
  const { pathname } = new URL((await startServer()).webSocketUrl);
  expect(parseYaml(codeOf(PAGE, 'Apollo Router'))).toMatchObject({
    subscription: {
      enabled: true,
      mode: { passthrough: { all: { path: pathname, protocol: 'graphql_ws' } } },
      deduplication: { enabled: false },
    },
  });
});

it(`${PAGE}, Hive Router: the configuration enables subscriptions`, () => {
  expect(parseYaml(codeOf(PAGE, 'Hive Router'))).toMatchObject({ subscriptions: { enabled: true } });
});
