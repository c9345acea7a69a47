/** What fails on the fast path is answered, logged and traced as the plain path does: the first time a document comes, and the second time. */
import { describe, expect, it, vi } from 'vitest';
import { EngineUnavailableError, IndeterminateError } from '../../src/core/model/errors.ts';
import { memoryLog } from '../../src/logs/memory/memory-log.ts';
import type { ServerOptions } from '../../src/server/options.ts';
import { FastInserts } from '../../src/transports/operations/fast-insert.ts';
import { logLines } from '../support/server/log-lines.ts';
import { startServer } from '../support/server/server.ts';
import { openTexts } from '../support/sockets/wire-texts.ts';

const ONE = 'mutation One($input: InsertItemInput!) { made: insertItem(input: $input) { key } }';
const BATCH = 'mutation ($inputs: [InsertItemInput!]!) {\n  insertItems(inputs: $inputs) { key value }\n}';
const one = (input: object): object => ({ query: ONE, variables: { input: { key: 'a', value: 1, ...input } } });
const batch = (...inputs: object[]): object => ({ query: BATCH, variables: { inputs } });

interface Failure {
  readonly options?: ServerOptions;
  /** What each append is rejected with. */
  readonly error?: unknown;
  readonly body: object;
  readonly code: string;
  /** Default: it takes the fast path. */
  readonly isPlain?: boolean;
}

const FAILURES: Readonly<Record<string, Failure>> = {
  'a conflict': { body: one({ key: 'there', ifAbsent: true }), code: 'CONFLICT' },
  'a conflict in a batch': {
    body: batch({ key: 'a', value: 1 }, { key: 'there', value: 1, ifAbsent: true }),
    code: 'CONFLICT',
  },
  'an exceeded rate': {
    options: { insertRate: 1 },
    body: batch({ key: 'a', value: 1 }, { key: 'b', value: 1 }),
    code: 'RATE_LIMITED',
  },
  'an engine that is gone': {
    error: new EngineUnavailableError('no engine'),
    body: one({}),
    code: 'ENGINE_UNAVAILABLE',
  },
  'an unknown outcome': {
    error: new IndeterminateError('nobody knows'),
    body: batch({ key: 'a', value: 1 }),
    code: 'INDETERMINATE',
  },
  'an unexpected error': {
    error: new Error('secret'),
    body: one({}),
    code: 'INTERNAL_SERVER_ERROR',
  },
  'several unexpected errors at once': {
    error: new AggregateError([new Error('first'), new Error('second')]),
    body: one({}),
    code: 'INTERNAL_SERVER_ERROR',
  },
  'no error but a text': {
    error: 'secret',
    body: one({}),
    code: 'INTERNAL_SERVER_ERROR',
  },
  'an empty key': { body: one({ key: '' }), code: 'BAD_USER_INPUT', isPlain: true },
  'an empty batch': { body: batch(), code: 'BAD_USER_INPUT', isPlain: true },
  'a value that is too large': { body: one({ value: 'x'.repeat(70_000) }), code: 'PAYLOAD_TOO_LARGE', isPlain: true },
};

type Ask = (body: object) => Promise<string>;

const overHttp =
  (accept: string) =>
  (url: string): Ask =>
  async (body) => {
    const headers = { 'content-type': 'application/json', accept };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    const { date: _date, 'x-request-id': _id, ...shown } = Object.fromEntries([...response.headers].toSorted());
    return `${response.status} ${JSON.stringify(shown)} ${await response.text()}`;
  };

const TRANSPORTS: Readonly<Record<string, (url: string, webSocketUrl: string) => Ask | Promise<Ask>>> = {
  'HTTP as application/json': overHttp('application/json'),
  'HTTP as application/graphql-response+json': overHttp('application/graphql-response+json'),
  WebSocket: async (url, webSocketUrl) => {
    const socket = await openTexts({ url, webSocketUrl });
    return async (body) => (await socket.run(JSON.stringify(body))).join('\n');
  },
};

/** Without what differs from one operation to the next. */
const lasting = (text: string): string =>
  text.replace(/"(time|ms|request|retryAfterMs)":("[^"]*"|[\d.]+),?/g, '').replace(/"stack":"(?:[^"\\]|\\.)*"/g, '');

describe.each(Object.keys(TRANSPORTS))('over %s', (transport) => {
  it.each(Object.entries(FAILURES))(
    'an insertion that fails by %s is answered and logged on the fast path as on the plain one',
    async (_name, { options, error, body, code, isPlain = false }) => {
      const logs = logLines();
      const log = memoryLog();
      const server = await startServer({ ...options, log, logger: logs.logger });
      const start = vi.spyOn(FastInserts.prototype, 'start');
      const ask = await TRANSPORTS[transport]!(server.url, server.webSocketUrl);
      if (code === 'CONFLICT') await server.map.insert({ key: 'there', value: 1 });
      if (error !== undefined) Object.assign(log, { append: () => Promise.reject(error as Error) });
      const before = server.map.replica.head.position;
      const results: { answer: string; logged: string }[] = [];
      for (let time = 0; time < 2; time++) {
        const { length } = logs.text;
        const answer = await ask(body);
        await vi.waitFor(() => expect(logs.text.slice(length)).toContain('operation done'));
        results.push({ answer: lasting(answer), logged: lasting(logs.text.slice(length)) });
      }
      const isFast = start.mock.results.map(({ value }) => value !== undefined);
      start.mockRestore();
      expect(isFast.at(-1)).toBe(!isPlain);
      expect(isFast.slice(0, -1)).not.toContain(true);
      expect(results[0]?.answer).toContain(`"code":"${code}"`);
      expect(results[1]).toEqual(results[0]);
      expect(results[1]?.answer).not.toContain('secret');
      expect(server.map.replica.head.position).toBe(before);
    },
  );
});
