/** docs/gateways.md: its subscription, and Hive Gateway with its configuration. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { InsertItemDocument } from '../../schema/documents/graphql.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { codeOf, put } from '../support/documents/blocks.ts';
import { transports } from '../support/clients/clients.ts';
import { temporaryDirectory } from '../support/engines/kept.ts';
import { addressAt } from '../support/sockets/passing.ts';
import { sse } from '../support/clients/readers.ts';
import { post } from '../support/clients/requests.ts';
import { startServer } from '../support/server/server.ts';
import { start } from '../support/processes/shell.ts';
import { bearer, SECRET, sign } from '../support/server/tokens.ts';

/** Several processes start, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

const PAGE = 'docs/gateways.md';
const RESUMED = codeOf(PAGE, 'Feature support');

it.each(transports)(`${PAGE}, Feature support: the argument \`after\` resumes over $name (G4)`, async (over) => {
  const server = await startServer();
  const [a] = await server.map.insertMany(['a', 'b'].map((key) => ({ key, value: 1 })));
  const feed = over.subscribe(server, RESUMED, { after: a?.cursor });
  expect(await feed.next()).toMatchObject({ data: { items: { key: 'b' } } });
});

/** A package of its own, because it needs graphql 16. .ci/run installs it. */
const GATEWAY = 'test/gateway';
const isMissing = !existsSync(join(GATEWAY, 'node_modules')) && process.env['CI'] === undefined;
const reason = isMissing ? ` [SKIPPED: npm ci --prefix ${GATEWAY}]` : '';

/** The runtime that `@graphql-hive/gateway` starts, with this configuration. */
async function startGateway({ url }: SeamlineServer) {
  const supergraph = join(temporaryDirectory(), 'supergraph.graphql');
  const configuration = put(codeOf(PAGE, 'Hive Gateway'), {
    "import { defineConfig } from '@graphql-hive/gateway';": 'const defineConfig = (config) => config;',
    './supergraph.graphql': supergraph,
  });
  const subgraph = { name: 'seamline', url, typeDefs: readFileSync('schema/schema.graphql', 'utf8') };
  const running = start(process.execPath, ['--input-type=module', '-'], { cwd: GATEWAY });
  running.stdin.end(`
    import { writeFileSync } from 'node:fs';
    import { createServer } from 'node:http';
    import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
    import { composeServices } from '@theguild/federation-composition';
    import { parse } from 'graphql';
    const subgraph = ${JSON.stringify(subgraph)};
    const { supergraphSdl } = composeServices([{ ...subgraph, typeDefs: parse(subgraph.typeDefs) }]);
    writeFileSync(${JSON.stringify(supergraph)}, supergraphSdl);
    ${configuration}
    const server = createServer(createGatewayRuntime({ ...gatewayConfig, logging: false }));
    server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port + '/'));`);
  const [, origin = ''] = await running.said(/(\S+)\/\n/);
  return addressAt(origin);
}

describe.skipIf(isMissing)(`${PAGE}, Hive Gateway${reason}`, () => {
  it('Hive Gateway passes on current and later items to callers with a token, and resumes after a cursor (G1, G4)', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    const gateway = await startGateway(server);
    const token = bearer(await sign());
    const insert = (key: string) => ({ query: String(InsertItemDocument), variables: { input: { key, value: 1 } } });
    expect(await (await post(gateway, insert('a'), token)).json()).toMatchObject({
      data: { insertItem: { key: 'a' } },
    });
    const first = sse.read(gateway, { query: RESUMED }, token);
    await first.reaches(1);
    await post(gateway, insert('b'), token);
    await first.reaches(2);
    expect(first.delivered()).toMatchObject([{ key: 'a' }, { key: 'b' }]);
    const [{ cursor } = { cursor: '' }] = first.delivered<{ cursor: string }>();
    const second = sse.read(gateway, { query: RESUMED, variables: { after: cursor } }, token);
    await second.reaches(1);
    expect(second.delivered()).toMatchObject([{ key: 'b' }]);

    expect(await (await post(gateway, insert(''), token)).json()).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['input', 'key'] }] } }],
    });
    expect(await (await post(gateway, insert('a'))).json()).toMatchObject({ errors: [{}] });
  });
});

it(`${PAGE}, Apollo Router: the configuration names the path and the protocol of subscriptions`, async () => {
  const { pathname } = new URL((await startServer()).webSocketUrl);
  expect(parseYaml(codeOf(PAGE, 'Apollo Router'))).toMatchObject({
    subscription: { enabled: true, mode: { passthrough: { all: { path: pathname, protocol: 'graphql_ws' } } } },
  });
});
