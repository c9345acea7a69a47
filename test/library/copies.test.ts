/** Two copies of the package in one process: each accepts the objects of the other. */
import { useServer } from 'graphql-ws/use/ws';
import { createYoga } from 'graphql-yoga';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import { FanOut } from '../../src/fanout/fan-out.ts';
import * as here from '../../src/index.ts';
import { type Address, request, transports } from '../support/clients/clients.ts';
import { createQuoteBuilder, type Quote } from '../support/server/quotes.ts';
import { loadSecondCopy } from '../support/server/second-copy.ts';
import { startServer } from '../support/server/server.ts';

const { copy: there, load, remove } = await loadSecondCopy();
const { FanOut: FanOutThere } = await load<{ FanOut: typeof FanOut }>('src/fanout/fan-out.ts');
afterAll(remove);
afterEach(() => void vi.restoreAllMocks());

type Copy = typeof here;
type Quotes = here.StreamingMap<Quote, here.KeyedInput<Quote>>;

const openQuotes = ({ StreamingMap, memoryLog }: Copy, window?: number): Promise<Quotes> =>
  StreamingMap.open<Quote>({
    log: memoryLog(),
    window,
    keyOf: ({ symbol }) => symbol,
    validate: z.object({ symbol: z.string(), price: z.number().positive() }),
  });

/** The map of one copy, added to a schema by another, and served with the fan-out of a third. */
async function serve(map: Quotes, adding: Copy, serving: Copy): Promise<Address> {
  const { builder, quote, input } = createQuoteBuilder();
  const toValue = ({ symbol, price }: Quote): Quote => ({ symbol, price });
  adding.addStream(builder, { map, type: quote, input, toValue, batch: true, remove: true } as never);
  const schema = builder.toSchema();
  const yoga = createYoga({ schema, logging: false, plugins: [serving.useFanOut()] });
  const server = createHttpServer((incoming, response) => void yoga(incoming, response));
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  useServer(serving.withFanOut({ schema }), sockets);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/graphql`, webSocketUrl: `ws://127.0.0.1:${port}/graphql` };
}

const insert = (map: Quotes, symbol: string, price = 1) => map.insert({ value: { symbol, price } });
const QUOTES = 'subscription ($limit: Int, $after: String) { quotes(limit: $limit, after: $after) { symbol } }';
const FAILING = 'subscription ($after: String) { quotes(after: $after, onLag: FAIL) { symbol } }';
const INSERT =
  'mutation ($symbol: String!, $price: Float!) { insertQuote(input: { symbol: $symbol, price: $price }) { symbol } }';
const REMOVE = 'mutation ($key: ID!) { removeQuote(key: $key) { key } }';

it('the second copy of the package has classes of its own', () => {
  expect(there.StreamingMap).not.toBe(here.StreamingMap);
  expect(there.BadInputError).not.toBe(here.BadInputError);
});

describe('an error', () => {
  const cursor = 'aaaaaaaaaaaa-11-0000000' as here.Cursor;
  const made = (copy: Copy): readonly here.SeamlineError[] => [
    new copy.BadInputError([{ path: ['a'], message: 'b' }]),
    new copy.PayloadTooLargeError('too large'),
    new copy.CursorExpiredError('expired'),
    new copy.LaggedError(1, cursor),
    new copy.ConflictError('conflict', 0, cursor),
    new copy.EngineUnavailableError('away'),
    new copy.IndeterminateError('unknown'),
  ];
  const classes = (copy: Copy) => [
    copy.BadInputError,
    copy.PayloadTooLargeError,
    copy.CursorExpiredError,
    copy.LaggedError,
    copy.ConflictError,
    copy.EngineUnavailableError,
    copy.IndeterminateError,
  ];

  it.each([
    [here, there],
    [there, here],
    [here, here],
  ])(
    'an error of one copy is an instance of the same class of the other copy, and of no other class',
    (making, asking) => {
      const all = made(making);
      expect(all.length).toBe(7);
      for (const [index, error] of all.entries()) {
        expect(error).toBeInstanceOf(asking.SeamlineError);
        expect(classes(asking).map((type) => error instanceof type)).toEqual(all.map((_, other) => other === index));
      }
    },
  );

  it('an object that only resembles an error is no instance', () => {
    const { code } = new there.BadInputError([]);
    for (const value of [Object.assign(new Error('no'), { code }), { code }, null, undefined, 'BAD_USER_INPUT'])
      expect([value instanceof here.BadInputError, value instanceof here.SeamlineError]).toEqual([false, false]);
  });

  it('instanceof of a derived class holds for its own instances only', () => {
    class Mine extends here.BadInputError {}
    expect(new Mine([])).toBeInstanceOf(there.BadInputError);
    expect(new Mine([])).toBeInstanceOf(Mine);
    expect(new there.BadInputError([])).not.toBeInstanceOf(Mine);
    expect(new here.BadInputError([])).not.toBeInstanceOf(Mine);
  });
});

it('a server reports the code of an error from a log of another copy', async () => {
  const log = there.memoryLog();
  const server = await startServer({ log });
  const append = vi.spyOn(log, 'append');
  for (const error of [new there.EngineUnavailableError('away'), new there.IndeterminateError('unknown')]) {
    append.mockRejectedValueOnce(error);
    const { errors } = await request(server, 'mutation { insertItem(input: { key: "a", value: 1 }) { key } }');
    expect(errors?.map(({ message, extensions }) => [message, extensions?.['code']])).toEqual([
      [error.message, error.code],
    ]);
  }
});

it('a map reports the issues of a `validate` that throws an error of another copy', async () => {
  const issues = [{ path: ['deep', 1], message: 'is wrong' }];
  const validate = (): never => {
    throw new there.BadInputError(issues);
  };
  const map = await here.StreamingMap.open<number>({ log: here.memoryLog(), validate });
  await expect(map.insert({ key: 'a', value: 1 })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    issues: [{ path: ['inputs', 0, 'value', 'deep', 1], message: 'is wrong' }],
  });
});

describe.each<[string, Copy, Copy, Copy]>([
  ['the map', there, here, here],
  ['addStream', here, there, here],
  ['the fan-out', here, here, there],
  ['all but the fan-out', there, there, here],
])('when %s is of another copy', (_, opening, adding, serving) => {
  it.each(transports)(
    'a stream of another copy is fanned out over $name and ends at its limit',
    async ({ subscribe }) => {
      const served = vi.spyOn((serving === here ? FanOut : FanOutThere).prototype, 'subscribe');
      const map = await openQuotes(opening);
      const feed = subscribe(await serve(map, adding, serving), QUOTES, { limit: 2 });
      await insert(map, 'a');
      await insert(map, 'b');
      expect(await feed.take(2)).toEqual(['a', 'b'].map((symbol) => ({ data: { quotes: { symbol } } })));
      expect(await feed.next()).toBeUndefined();
      expect(served).toHaveBeenCalledTimes(1);
    },
  );

  it.each(transports)('an invalid cursor gets its error code over $name with another copy', async ({ subscribe }) => {
    const map = await openQuotes(opening);
    const { cursor } = await insert(map, 'a');
    const server = await serve(map, adding, serving);
    const code = async (after: string): Promise<unknown> =>
      (await subscribe(server, QUOTES, { after }).next())?.errors?.[0]?.extensions?.['code'];
    expect(await code('nonsense')).toBe('BAD_USER_INPUT');
    const other = cursor.startsWith('b') ? 'c' : 'b';
    expect(await code(`${other}${cursor.slice(1)}`)).toBe('CURSOR_EXPIRED');
  });

  it.each(transports)('a slow reader gets LAGGED over $name with another copy', async ({ subscribe }) => {
    const map = await openQuotes(opening, 1);
    const { cursor } = await insert(map, 'a');
    for (const symbol of ['b', 'a', 'b', 'c']) await insert(map, symbol);
    const result = await subscribe(await serve(map, adding, serving), FAILING, { after: cursor }).next();
    expect(result?.errors?.[0]?.extensions).toMatchObject({ code: 'LAGGED', missed: 3 });
  });

  it('a mutation reports its issues with another copy', async () => {
    const map = await openQuotes(opening);
    const server = await serve(map, adding, serving);
    const refused = await request(server, INSERT, { symbol: 'a', price: -1 });
    expect(refused.errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['input', 'price'] }],
    });
    const large = await request(server, INSERT, { symbol: 'x'.repeat(600), price: 1 });
    expect(large.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    await map.close();
    const late = await request(server, REMOVE, { key: 'a' });
    expect(late.errors?.[0]?.extensions).toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  });
});
