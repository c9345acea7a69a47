import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { ServerOptions } from '../../../src/server/options.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { request } from '../../support/clients/clients.ts';
import { connect } from '../../support/sockets/raw-sockets.ts';
import { post, urlOf } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';

interface Payload {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

interface Failure {
  readonly message: string;
  readonly extensions: { readonly code: string; readonly issues?: unknown };
}

const accepting =
  (accept: string) =>
  async (server: SeamlineServer, payload: Payload): Promise<string> =>
    (await post(server, payload, { accept })).text();

/** Each gives the whole answer as text. */
const TRANSPORTS: Readonly<Record<string, (server: SeamlineServer, payload: Payload) => Promise<string>>> = {
  JSON: accepting('application/json'),
  'graphql-response+json': accepting('application/graphql-response+json'),
  SSE: accepting('text/event-stream'),
  multipart: accepting('multipart/mixed; subscriptionSpec="1.0", application/json'),
  async WebSocket(server, payload) {
    const socket = await connect(server);
    socket.send({ type: 'subscribe', id: '1', payload });
    return JSON.stringify(await socket.next());
  },
};

const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { key } }';
const ITEMS = 'subscription ($onLag: OnLag!) { items(limit: 0, onLag: $onLag) { key } }';

/** What graphql-js has a suggestion for. */
const MISTAKES: readonly (readonly [string, Payload])[] = [
  ['a field', { query: '{ strem { epoch } }' }],
  ['a field of a subscription', { query: 'subscription { itmes { key } }' }],
  ['a field without a selection', { query: '{ stream }' }],
  ['an argument', { query: '{ item(kye: "a") { key } }' }],
  ['an argument of a directive', { query: '{ stream @include(fi: true) { epoch } }' }],
  ['a type', { query: '{ item(key: "a") { ... on Itme { key } } }' }],
  ['a literal of an enum', { query: 'subscription { items(limit: 0, onLag: FIAL) { key } }' }],
  ['a string for an enum', { query: 'subscription { items(limit: 0, onLag: "FAIL") { key } }' }],
  ['a field of an input', { query: 'mutation { insertItem(input: { key: "a", value: 1, tll: 1 }) { key } }' }],
  ['a variable of an enum', { query: ITEMS, variables: { onLag: 'FIAL' } }],
  ['a field of a variable', { query: INSERT, variables: { input: { key: 'a', value: 1, tll: 1 } } }],
];

const off: ServerOptions = { introspection: false };

/** As JSON a subscription is refused before its variables are looked at. */
const toldBy = (transport: string) =>
  MISTAKES.filter(([name]) => name !== 'a variable of an enum' || !/JSON/i.test(transport));

describe.each(Object.entries(TRANSPORTS))('over %s', (transport, ask) => {
  it.each(MISTAKES)('the error of a mistake in %s has no name that was not sent', async (_name, payload) => {
    const told = await ask(await startServer(off), payload);
    expect(told).toMatch(/"code":"(?:GRAPHQL_VALIDATION_FAILED|BAD_USER_INPUT)"/);
    expect(told).not.toMatch(/did you mean/i);
  });

  it.each(toldBy(transport))(
    'the error of a mistake in %s has a suggestion where introspection is on',
    async (_name, payload) => {
      expect(await ask(await startServer(), payload)).toMatch(/Did you mean/);
    },
  );

  it.each(['{ __schema { queryType { name } } }', '{ __type(name: "Item") { name } }', getIntrospectionQuery()])(
    'the schema stays hidden: %.20s',
    async (query) => {
      const told = await ask(await startServer(off), { query });
      expect(told).toContain('"code":"GRAPHQL_VALIDATION_FAILED"');
      expect(told).not.toContain('"data":{');
    },
  );
});

describe('without introspection', () => {
  it('an error quotes the client’s text as it was sent', async () => {
    const server = await startServer(off);
    const sent = 'it. Did you mean "key"?';
    const input = { key: 'a', value: 1, ttl: sent, tll: sent };
    const { errors } = await request(server, INSERT, { input });
    expect(errors).toBeDefined();
    for (const { message, extensions } of errors as unknown as Failure[]) {
      expect(message).toContain(JSON.stringify(sent));
      expect(JSON.stringify(extensions.issues)).toContain(JSON.stringify(JSON.stringify(sent)).slice(1, -1));
    }
  });

  it('the error of an input with many unknown members does not name the known ones', async () => {
    const input = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`x${n}`, 1]));
    const { errors } = await request(await startServer(off), INSERT, { input });
    expect(errors?.[0]?.message).toBe(
      'variable "$input" has more than 10 members that InsertItemInput doesn\'t have: remove them',
    );
  });

  it('GraphiQL’s introspection is refused, and its page names nothing of the schema', async () => {
    const server = await startServer(off);
    const page = await fetch(urlOf(server, '/graphql'), { headers: { accept: 'text/html' } });
    expect(await page.text()).not.toContain('InsertItemInput');
    expect((await request(server, getIntrospectionQuery())).data).toBeUndefined();
  });
});
