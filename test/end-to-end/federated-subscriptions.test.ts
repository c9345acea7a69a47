/** Subscriptions through Hive Gateway, joined with another subgraph. What docs/gateways.md says of it. */
import { createClient as createSseClient } from 'graphql-sse';
import { describe, expect, it, onTestFinished } from 'vitest';
import { mirror } from '../../src/client/mirror.ts';
import type { MirrorUpdate } from '../../src/client/mirror-snapshot.ts';
import type { SubscriptionClient } from '../../src/client/resuming/resumable.ts';
import type { Address } from '../support/clients/clients.ts';
import { sse } from '../support/clients/readers.ts';
import { codeOf } from '../support/documents/blocks.ts';
import { startCompanies } from '../support/gateway/companies.ts';
import { isMissing, seamlineSubgraph, startGateway, whyMissing } from '../support/gateway/hive.ts';
import { startServer } from '../support/server/server.ts';

const PAGE = 'docs/gateways.md';
const OVER_SSE = codeOf(PAGE, 'Hive Gateway');
const OVER_WEBSOCKET = codeOf(PAGE, 'Hive Gateway', 2);
const PASSING_EXTENSIONS = codeOf(PAGE, 'Resuming', 2);

const CHANGES = `subscription ($after: String) {
  itemChanges(after: $after) { reset upserted { key company } removed { key reason } caughtUp cursor follows }
}`;

interface Changes {
  readonly reset: boolean;
  readonly cursor: string;
  readonly follows: string | null;
}

async function supergraph(configuration: string) {
  const server = await startServer({ federation: true });
  const gateway = await startGateway(configuration, [await seamlineSubgraph(server), await startCompanies()]);
  const insert = (key: string) => server.map.insert({ key, value: 1 });
  return { server, gateway, insert };
}

describe.skipIf(isMissing).each([
  ['SSE', OVER_SSE],
  ['WebSocket', OVER_WEBSOCKET],
])(`Hive Gateway that subscribes over %s${whyMissing}`, (over, configuration) => {
  it('each message of a mirror is joined, and follows the one before', async () => {
    const { server, gateway, insert } = await supergraph(configuration);
    await insert('a');
    const reader = sse.read(gateway, { query: CHANGES });
    await reader.reaches(1);
    await insert('b');
    await reader.reaches(2);
    await server.map.remove('a');
    await reader.reaches(3);
    const messages = reader.delivered<Changes>();
    expect(messages).toMatchObject([
      { reset: true, upserted: [{ key: 'a', company: 'company of a' }], follows: null },
      { reset: false, upserted: [{ key: 'b', company: 'company of b' }], follows: messages[0]?.cursor },
      { reset: false, upserted: [], removed: [{ key: 'a', reason: 'REMOVED' }], follows: messages[1]?.cursor },
    ]);
  });

  it('two clients with the same subscription each get the current items', async () => {
    const { gateway, insert } = await supergraph(configuration);
    await insert('a');
    const first = sse.read(gateway, { query: CHANGES });
    await first.reaches(1);
    await insert('b');
    await first.reaches(2);
    const second = sse.read(gateway, { query: CHANGES });
    await second.reaches(1);
    expect(second.delivered()).toMatchObject([{ reset: true, upserted: [{ key: 'a' }, { key: 'b' }] }]);
  });

  it('a client that does not read for a while gets every insertion', async () => {
    const { server, gateway, insert } = await supergraph(configuration);
    await insert('first');
    const query = 'subscription { items { key value } }';
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query }),
    });
    const body = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let received = '';
    const readUntil = async (text: string): Promise<void> => {
      while (!received.includes(text)) received += (await body?.read())?.value ?? '';
    };
    await readUntil('"key":"first"');
    const text = 'x'.repeat(2000);
    for (let round = 0; round < 10; round++)
      await server.map.insertMany(
        Array.from({ length: 200 }, (_, at) => ({ key: `k${at % 20}`, value: `${round * 200 + at} ${text}` })),
      );
    await readUntil('"value":"1999 ');
    await body?.cancel();
    const values = [...received.matchAll(/"value":"(\d+) /g)].map(([, value]) => Number(value));
    expect({ count: values.length, isWhole: values.every((value, at) => value === at) }).toEqual({
      count: 2000,
      isWhole: true,
    });
  });

  it('a subscription ends with an error when the node drains, and resumes after the last cursor (G4)', async () => {
    const { server, gateway, insert } = await supergraph(configuration);
    await insert('a');
    const reader = sse.read(gateway, { query: CHANGES });
    await reader.reaches(1);
    const [{ cursor } = { cursor: '' }] = reader.delivered<Changes>();
    await insert('b');
    const resumed = sse.read(gateway, { query: CHANGES, variables: { after: cursor } });
    await resumed.reaches(1);
    expect(resumed.delivered()).toMatchObject([{ reset: false, upserted: [{ key: 'b' }], follows: cursor }]);
    await server.drain();
    await resumed.until(() => resumed.results.at(-1)?.errors !== undefined);
    await resumed.ends();
  });

  it(`an error that ends a subscription ${over === 'SSE' ? 'keeps' : 'loses'} its code`, async () => {
    const { gateway } = await supergraph(configuration);
    const reader = sse.read(gateway, { query: CHANGES, variables: { after: 'nonsense' } });
    await reader.ends();
    const code = over === 'SSE' ? 'BAD_USER_INPUT' : 'INTERNAL_SERVER_ERROR';
    expect(reader.results).toMatchObject([{ errors: [{ extensions: { code } }] }]);
  });
});

/** A client of a gateway that loses the second result. */
function losing(gateway: Address, onLost: () => void): SubscriptionClient {
  const client = createSseClient({ url: gateway.url });
  onTestFinished(() => client.dispose());
  let results = 0;
  return {
    subscribe: (payload, sink) =>
      client.subscribe(payload as never, {
        next: (result) => (++results === 2 ? onLost() : sink.next(result as never)),
        error: (error) => sink.error(error),
        complete: () => sink.complete(),
      }),
  };
}

describe.skipIf(isMissing)(`a mirror through Hive Gateway${whyMissing}`, () => {
  it.each([
    ['from its own cursor if the gateway passes extensions on', PASSING_EXTENSIONS, false],
    ['with the whole map otherwise', OVER_SSE, true],
  ])('a mirror that misses a message goes on %s', async (_how, configuration, isReset) => {
    const { gateway, insert } = await supergraph(configuration);
    await insert('a');
    const mirrored = mirror(losing(gateway, () => void insert('c')));
    const messages: boolean[] = [];
    const isComplete = Promise.withResolvers<void>();
    onTestFinished(
      mirrored.subscribe(({ changes }: MirrorUpdate) => {
        if (changes) messages.push(changes.reset);
        const { items, status } = mirrored.getSnapshot();
        if (status === 'live' && !items.has('b')) void insert('b');
        if (status === 'live' && items.has('c')) isComplete.resolve();
      }),
    );
    await isComplete.promise;
    const { items, missed } = mirrored.getSnapshot();
    expect([...items.keys()].toSorted()).toEqual(['a', 'b', 'c']);
    expect({ missed, isReset: messages.slice(1).includes(true) }).toEqual({ missed: 1, isReset });
  });
});
