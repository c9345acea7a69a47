/** What is stored is what was sent: each way for a value into a server, and out of it, as the texts that they are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringifyJson } from '../../src/core/model/json.ts';
import { fileLog } from '../../src/index.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { type AwkwardValue, awkwardValue, exactOf, FIXED, meaningOf } from '../support/random/awkward-values.ts';
import { MULTIPART } from '../support/clients/doors.ts';
import { openKept, temporaryDirectory } from '../support/engines/kept.ts';
import { runCli } from '../support/processes/processes.ts';
import { startServer } from '../support/server/server.ts';
import { openTexts, postBytes, type TextSocket } from '../support/sockets/wire-texts.ts';

const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { key value } }';
/** A directive keeps a document off the fast path. */
const LONG = INSERT.replace('value }', 'value @skip(if: false) }');
const BATCH = 'mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key } }';
const INNER =
  'mutation ($key: ID!, $value: JSON) { insertItem(input: { key: $key, value: { inner: [$value] } }) { key } }';

interface Target {
  readonly server: SeamlineServer;
  readonly socket: TextSocket;
}

/** What the server says to an insertion: the errors' code, and the path of the issue below the value. Undefined when it is in. */
type Refusal = { readonly code: string | undefined; readonly path: string | undefined } | undefined;
type Way = (target: Target, key: string, value: AwkwardValue) => Promise<Refusal>;

interface Answer {
  readonly errors?: readonly {
    readonly extensions: { readonly code: string; readonly issues?: readonly { readonly path: readonly unknown[] }[] };
  }[];
}

const bodyOf = (query: string, variables: string): string =>
  `{"query":${JSON.stringify(query)},"variables":${variables}}`;
const inputOf = (key: string, { json }: AwkwardValue): string => `{"key":${JSON.stringify(key)},"value":${json}}`;

function refusalIn({ errors }: Answer, valuePath: string): Refusal {
  const [error] = errors ?? [];
  if (!error) return undefined;
  const { code, issues = [] } = error.extensions;
  const path = issues[0]?.path.join('.');
  const isBelow = path === valuePath || path?.startsWith(`${valuePath}.`) === true;
  return { code, path: isBelow ? path?.slice(valuePath.length + 1) : path && `not below ${valuePath}: ${path}` };
}

const byPost =
  (query: string, variables: (key: string, value: AwkwardValue) => string, valuePath: string, accept?: string): Way =>
  async ({ server }, key, value) => {
    const { text } = await postBytes(server, bodyOf(query, variables(key, value)), accept);
    return refusalIn(JSON.parse(/^data: ([^\n]*)/m.exec(text)?.[1] ?? text) as Answer, valuePath);
  };

const oneInput = (key: string, value: AwkwardValue): string => `{"input":${inputOf(key, value)}}`;

const bySocket =
  (query: string): Way =>
  async ({ socket }, key, value) => {
    const [text = ''] = await socket.run(bodyOf(query, oneInput(key, value)));
    const { type, payload } = JSON.parse(text) as { type: string; payload: Answer };
    return refusalIn(type === 'error' ? ({ errors: payload } as Answer) : payload, 'input.value');
  };

const WAYS: Readonly<Record<string, Way>> = {
  'a variable over HTTP': byPost(LONG, oneInput, 'input.value'),
  'a variable over HTTP, the fast path': byPost(INSERT, oneInput, 'input.value'),
  'a variable over SSE': byPost(LONG, oneInput, 'input.value', 'text/event-stream'),
  'a variable over WebSocket': bySocket(LONG),
  'a variable over WebSocket, the fast path': bySocket(INSERT),
  'a batch': byPost(
    BATCH,
    (key, value) => `{"inputs":[{"key":"beside","value":1},${inputOf(key, value)}]}`,
    'inputs.1.value',
  ),
  'a variable in a literal': byPost(
    INNER,
    (key, { json }) => `{"key":${JSON.stringify(key)},"value":${json}}`,
    'input.value.inner.0',
  ),
  async 'a literal'({ server }, key, { literal }) {
    const query = `mutation { insertItem(input: { key: ${JSON.stringify(key)}, value: ${literal} }) { key } }`;
    const { text } = await postBytes(server, JSON.stringify({ query }));
    return refusalIn(JSON.parse(text) as Answer, 'input.value');
  },
};

interface Out {
  readonly key: string;
  readonly value: unknown;
}

const itemsIn = (texts: readonly string[]): Out[] =>
  texts.map((text) => (exactOf(text) as { data: { items: Out } }).data.items);
const ITEMS = (limit: number): string =>
  JSON.stringify({ query: `subscription { items(limit: ${limit}) { key value } }` });
const CHANGES = '{"query":"query { items(first: 1000) { edges { node { key value } } } }"}';

/** Every way out: all items of the server, numbers as decimals. */
const OUTS: Readonly<Record<string, (target: Target, size: number) => Promise<Out[]>>> = {
  async 'a query'({ server }) {
    const { text } = await postBytes(server, CHANGES);
    return (exactOf(text) as { data: { items: { edges: { node: Out }[] } } }).data.items.edges.map(({ node }) => node);
  },
  async WebSocket({ socket }, size) {
    const texts = await socket.run(ITEMS(size));
    return texts.map((text) => (exactOf(text) as { payload: { data: { items: Out } } }).payload.data.items);
  },
  async SSE({ server }, size) {
    const { text } = await postBytes(server, ITEMS(size), 'text/event-stream');
    return itemsIn([...text.matchAll(/^data: (\{[^\n]*)/gm)].map(([, data = '']) => data));
  },
  async multipart({ server }, size) {
    const { text } = await postBytes(server, ITEMS(size), MULTIPART);
    return [...text.matchAll(/^(\{"payload"[^\r\n]*)/gm)].map(
      ([, part = '']) => (exactOf(part) as { payload: { data: { items: Out } } }).payload.data.items,
    );
  },
  async tail({ server }, size) {
    const { stdout } = await runCli(['tail', '--limit', String(size), '--url', server.url]);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => exactOf(line) as Out);
  },
  async 'tail, piped into insert'({ server }, size) {
    const { stdout } = await runCli(['tail', '--limit', String(size), '--url', server.url]);
    const other = await startServer();
    const { code, stderr } = await runCli(['insert', '--url', other.url], {}, stdout);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('inserted') as string });
    return OUTS['a query']!({ server: other, socket: await openTexts(other) }, size);
  },
};

/** By key. */
const meaningsOf = (outs: readonly Out[]): object =>
  Object.fromEntries(outs.map(({ key, value }) => [key, JSON.stringify(value)]));

describe.each([true, false])('with the fan-out: %s', (fanOut) => {
  it(
    'a value is refused with its path, or comes out as it is: by every way in and out',
    { timeout: 60_000 },
    async () => {
      const directory = temporaryDirectory();
      const server = await startServer({ log: fileLog({ directory }), fanOut, maxItems: 1000 });
      const target = { server, socket: await openTexts(server) };
      const one = { json: '1', literal: '1', problems: [] };
      // So that it knows the documents.
      for (const query of [LONG, INSERT]) expect(await bySocket(query)(target, 'beside', one)).toBeUndefined();
      const sent: Record<string, string> = { beside: meaningOf('1') };
      let refused = 0;
      const check = async (value: AwkwardValue, wayName: string): Promise<void> => {
        const key = String(Object.keys(sent).length);
        const before = server.map.replica.head.position;
        const refusal = await WAYS[wayName]?.(target, key, value);
        if (value.problems.length === 0) {
          expect({ wayName, refusal }).toEqual({ wayName, refusal: undefined });
          sent[key] = meaningOf(wayName === 'a variable in a literal' ? `{"inner":[${value.json}]}` : value.json);
          return;
        }
        refused++;
        expect(server.map.replica.head.position).toBe(before);
        // A document with a lone surrogate can't be parsed.
        if (wayName === 'a literal' && refusal?.code === 'GRAPHQL_PARSE_FAILED') return;
        expect({ wayName, code: refusal?.code }).toEqual({ wayName, code: 'BAD_USER_INPUT' });
        expect(value.problems.map((path) => path.join('.'))).toContain(refusal?.path);
      };
      const property = fc.asyncProperty(awkwardValue, async (value) => {
        for (const wayName of Object.keys(WAYS))
          if (wayName !== 'a literal' || value.literal !== undefined) await check(value, wayName);
      });
      // A failure says the seed.
      await fc.assert(property, { numRuns: 60, examples: FIXED.map((value): [AwkwardValue] => [value]) });
      expect(refused).toBeGreaterThan(0);
      const size = Object.keys(sent).length;
      for (const [name, all] of Object.entries(OUTS))
        expect({ name, ...meaningsOf(await all(target, size)) }).toEqual({ name, ...sent });
      target.socket.socket.close();
      await server.drain();
      const kept = await openKept(directory);
      for (const [key, meaning] of Object.entries(sent))
        expect(meaningOf(stringifyJson(kept.get(key)?.value))).toBe(meaning);
    },
  );
});

describe('bytes that are not UTF-8', () => {
  const body = (latin1: string): Buffer =>
    Buffer.from(bodyOf(INSERT, `{"input":{"key":"a","value":"${latin1}"}}`), 'latin1');

  it('bytes that are not UTF-8 are refused over HTTP, on the plain and on the fast path', async () => {
    const server = await startServer();
    for (const isKnown of [false, true]) {
      const { status, text } = await postBytes(server, body('caf\u00e9'));
      expect({ isKnown, status }).toEqual({ isKnown, status: 400 });
      expect(text).toContain('UTF-8');
      expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
      expect(server.map.get('a')).toBeUndefined();
      await postBytes(server, bodyOf(INSERT, '{"input":{"key":"b","value":1}}'));
    }
  });

  it('bytes that are not UTF-8 end a WebSocket with 1007, as text or as binary; UTF-8 is accepted as either', async () => {
    const server = await startServer();
    for (const binary of [true, false]) {
      const { socket } = await openTexts(server);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      const message = (latin1: string): Buffer =>
        Buffer.from(`{"id":"1","type":"subscribe","payload":${body(latin1).toString('latin1')}}`, 'latin1');
      socket.send(message('caf\u00c3\u00a9'), { binary });
      socket.send(message('caf\u00e9'), { binary });
      expect({ binary, code: await closed }).toEqual({ binary, code: 1007 });
      expect(server.map.get('a')?.value).toBe('café');
    }
  });
});

describe('what isn’t part of a value', () => {
  it('a number that can’t be kept is refused as a key', async () => {
    const server = await startServer();
    const query = 'mutation ($key: ID!) { insertItem(input: { key: $key, value: 1 }) { key } }';
    const { text } = await postBytes(server, bodyOf(query, '{"key":750727362669608961}'));
    expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    expect(text).toContain('750727362669608961');
    expect(server.map.replica.head.position).toBe(0);
  });

  it('numbers that can’t be kept are ignored in unused variables and in extensions', async () => {
    const server = await startServer();
    const { text } = await postBytes(
      server,
      '{"query":"{ stream { size } }","variables":{"unused":1e400},"extensions":{"n":750727362669608961}}',
    );
    expect(JSON.parse(text)).toEqual({ data: { stream: { size: 0 } } });
  });

  it('an enum’s name is refused as a value', async () => {
    const server = await startServer();
    const query = 'mutation { insertItem(input: { key: "a", value: { b: NOPE } }) { key } }';
    const { text } = await postBytes(server, JSON.stringify({ query }));
    expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
  });
});
