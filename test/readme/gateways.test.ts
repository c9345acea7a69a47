/** docs/gateways.md: its subscriptions, another subgraph, and Hive Gateway with its configurations. */
import { describe, expect, it, vi } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { InsertItemDocument } from '../../schema/documents/graphql.ts';
import { transports } from '../support/clients/clients.ts';
import { sse } from '../support/clients/readers.ts';
import { post } from '../support/clients/requests.ts';
import { codeOf } from '../support/documents/blocks.ts';
import { startCompanies } from '../support/gateway/companies.ts';
import { isMissing, seamlineSubgraph, startGateway, whyMissing } from '../support/gateway/hive.ts';
import { startServer } from '../support/server/server.ts';
import { bearer, SECRET, sign } from '../support/server/tokens.ts';

/** Several processes start, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

const PAGE = 'docs/gateways.md';
const RESUMED = codeOf(PAGE, 'Resuming');
const WATCHED = codeOf(PAGE, 'Federation', 2);

it.each(transports)(`${PAGE}, Resuming: the argument \`after\` resumes over $name (G4)`, async (over) => {
  const server = await startServer();
  const [a] = await server.map.insertMany(['a', 'b'].map((key) => ({ key, value: 1 })));
  const feed = over.subscribe(server, RESUMED, { after: a?.cursor });
  expect(await feed.next()).toMatchObject({ data: { items: { key: 'b' } } });
});

describe.skipIf(isMissing)(`${PAGE}${whyMissing}`, () => {
  it.each([
    ['Hive Gateway over SSE', 'Hive Gateway', 1],
    ['Hive Gateway over WebSocket', 'Hive Gateway', 2],
    ['Hive Gateway that passes extensions on', 'Resuming', 2],
  ])(
    '%s delivers current and later items to callers with a token, joined, and resumes (G1, G4)',
    async (_what, title, nth) => {
      const server = await startServer({ federation: true, jwtSecret: SECRET });
      const token = bearer(await sign());
      const companies = { ...(await startCompanies()), sdl: codeOf(PAGE, 'Federation') };
      const gateway = await startGateway(codeOf(PAGE, title, nth), [await seamlineSubgraph(server, token), companies]);
      const insert = (key: string) => ({ query: String(InsertItemDocument), variables: { input: { key, value: 1 } } });
      expect(await (await post(gateway, insert('stock-a'), token)).json()).toMatchObject({
        data: { insertItem: { key: 'stock-a' } },
      });
      const first = sse.read(gateway, { query: WATCHED }, token);
      await first.reaches(1);
      await post(gateway, insert('other'), token);
      await post(gateway, insert('stock-b'), token);
      await first.reaches(2);
      expect(first.delivered()).toMatchObject([
        { key: 'stock-a', value: 1, company: 'company of stock-a' },
        { key: 'stock-b', value: 1, company: 'company of stock-b' },
      ]);
      const [{ cursor } = { cursor: '' }] = first.delivered<{ cursor: string }>();
      const second = sse.read(gateway, { query: RESUMED, variables: { after: cursor } }, token);
      await second.reaches(1);
      expect(second.delivered()[0]).toMatchObject({ key: 'other' });

      expect(await (await post(gateway, insert(''), token)).json()).toMatchObject({
        errors: [{ extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['input', 'key'] }] } }],
      });
      expect(await (await post(gateway, insert('a'))).json()).toMatchObject({ errors: [{}] });
    },
  );
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
