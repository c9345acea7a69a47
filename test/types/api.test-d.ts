/** The types of the public API. `tsc` checks this file; nothing here runs. */
import { describe, expectTypeOf, test } from 'vitest';
import {
  type BadInputError,
  type Change,
  type ConflictError,
  createServer,
  type Cursor,
  type CursorExpiredError,
  type EngineUnavailableError,
  type Epoch,
  type IndeterminateError,
  type InsertInput,
  type Issue,
  type Item,
  type ItemChanges,
  type ItemsOptions,
  type KeyFilter,
  keyFilter,
  type LaggedError,
  type Logger,
  memoryLog,
  type OrderedLog,
  type PayloadTooLargeError,
  type Position,
  type RemovalReason,
  type RemovedItem,
  type RemoveOptions,
  SeamlineError,
  type SeamlineServer,
  type Sequence,
  type ServerOptions,
  StreamingMap,
  type StreamingMapOptions,
  type SubscribeOptions,
} from '../../src/index.ts';

interface Quote {
  readonly symbol: string;
  readonly price: number;
}

declare const map: StreamingMap<Quote>;
declare const quote: Quote;

describe('StreamingMap', () => {
  test('is opened for one type of values, and for unknown ones without', () => {
    const log = memoryLog();
    expectTypeOf(StreamingMap.open<Quote>({ log })).resolves.toEqualTypeOf<StreamingMap<Quote>>();
    expectTypeOf(StreamingMap.open({ log })).resolves.toEqualTypeOf<StreamingMap>();
    expectTypeOf<StreamingMap['get']>().returns.toEqualTypeOf<Item<unknown> | undefined>();
    // @ts-expect-error A map needs a log.
    void StreamingMap.open({});
    // @ts-expect-error A map is opened, not constructed, because it reads its log first.
    new StreamingMap<Quote>();
  });

  test('inserts values of its type only', () => {
    expectTypeOf<Parameters<StreamingMap<Quote>['insert']>>().toEqualTypeOf<[InsertInput<Quote>]>();
    expectTypeOf(map.insert({ key: 'a', value: quote })).resolves.toEqualTypeOf<Item<Quote>>();
    expectTypeOf(map.insertMany([])).resolves.toEqualTypeOf<readonly Item<Quote>[]>();
    // @ts-expect-error A price is a number.
    void map.insert({ key: 'a', value: { symbol: 'a', price: '1' } });
    // @ts-expect-error The value is required.
    void map.insert({ key: 'a' });
    // @ts-expect-error The key is required.
    void map.insert({ value: quote });
    // @ts-expect-error Every entry of a batch is checked.
    void map.insertMany([{ key: 'b', value: 1 }]);
  });

  test('takes every option of an insertion as absent, null and undefined alike, as GraphQL has them', () => {
    expectTypeOf<InsertInput<Quote>['ttl']>().toEqualTypeOf<number | null | undefined>();
    expectTypeOf<InsertInput<Quote>['idempotencyKey']>().toEqualTypeOf<string | null | undefined>();
    expectTypeOf<InsertInput<Quote>['ifAbsent']>().toEqualTypeOf<boolean | null | undefined>();
    expectTypeOf<InsertInput<Quote>['ifCursor']>().toEqualTypeOf<string | null | undefined>();
    expectTypeOf<{ key: string; value: Quote }>().toExtend<InsertInput<Quote>>();
    // @ts-expect-error A ttl is a number of seconds.
    void map.insert({ key: 'a', value: quote, ttl: '1m' });
  });

  test('removes to null or to what was removed', () => {
    expectTypeOf<Parameters<StreamingMap<Quote>['remove']>>().toEqualTypeOf<
      [key: string, options?: RemoveOptions | undefined]
    >();
    expectTypeOf(map.remove('a')).resolves.toEqualTypeOf<RemovedItem | null>();
  });

  test('gets an item, or nothing', () => {
    expectTypeOf(map.get('a')).toEqualTypeOf<Item<Quote> | undefined>();
  });

  test('yields items of its values', () => {
    expectTypeOf<Parameters<StreamingMap<Quote>['items']>>().toEqualTypeOf<[options?: ItemsOptions | undefined]>();
    expectTypeOf(map.items()).toEqualTypeOf<AsyncGenerator<Item<Quote>, void, void>>();
    const filter = keyFilter({ keyPrefix: 'a' });
    map.items({ limit: 1, after: 'cursor', onLag: 'FAIL', filter, signal: AbortSignal.abort() });
    map.items({ limit: null, after: undefined });
    // @ts-expect-error onLag is CONFLATE or FAIL.
    map.items({ onLag: 'DROP' });
    // @ts-expect-error A filter is made by `keyFilter`.
    map.items({ filter: { keyPrefix: 'a' } });
  });

  test('yields what a mirror of its values needs', () => {
    expectTypeOf<Parameters<StreamingMap<Quote>['changes']>>().toEqualTypeOf<
      [options?: SubscribeOptions | undefined]
    >();
    expectTypeOf(map.changes()).toEqualTypeOf<AsyncGenerator<ItemChanges<Quote>, void, void>>();
    expectTypeOf<ItemChanges<Quote>['upserted']>().toEqualTypeOf<readonly Item<Quote>[]>();
    expectTypeOf<ItemChanges<Quote>['removed']>().toEqualTypeOf<readonly RemovedItem[]>();
    expectTypeOf<ItemChanges<Quote>['size']>().toEqualTypeOf<number | null>();
    expectTypeOf<ItemChanges<Quote>['checksum']>().toEqualTypeOf<string | null>();
    // @ts-expect-error A mirror has no limit.
    map.changes({ limit: 1 });
  });

  test('ends', () => {
    expectTypeOf(map.close()).resolves.toEqualTypeOf<void>();
  });
});

describe('items and changes', () => {
  test('an item bears its value and its places', () => {
    expectTypeOf<Item<Quote>['value']>().toEqualTypeOf<Quote>();
    expectTypeOf<Item<Quote>['cursor']>().toEqualTypeOf<Cursor>();
    expectTypeOf<Item<Quote>['position']>().toEqualTypeOf<Position>();
    expectTypeOf<Item<Quote>['timestamp']>().toEqualTypeOf<number>();
    expectTypeOf<Item<Quote>['expiresAt']>().toEqualTypeOf<number | null>();
  });

  test('a change is an item, or a removal, which has a reason', () => {
    expectTypeOf<Change<Quote>>().toEqualTypeOf<Item<Quote> | RemovedItem>();
    expectTypeOf<RemovedItem['reason']>().toEqualTypeOf<RemovalReason>();
    expectTypeOf<RemovalReason>().toEqualTypeOf<'REMOVED' | 'EXPIRED' | 'EVICTED'>();
    expectTypeOf<RemovedItem>().not.toHaveProperty('value');
  });

  test('items are shared by all readers: nobody writes to them', () => {
    const item = map.get('a');
    if (!item) return;
    // @ts-expect-error
    item.key = 'b';
    // @ts-expect-error
    item.value = quote;
    // @ts-expect-error
    item.expiresAt = null;
  });
});

describe('places', () => {
  test('are no plain strings and numbers', () => {
    expectTypeOf<Cursor>().toExtend<string>();
    expectTypeOf<Epoch>().toExtend<string>();
    expectTypeOf<Position>().toExtend<number>();
    expectTypeOf<Sequence>().toExtend<number>();
    expectTypeOf<string>().not.toExtend<Cursor>();
    expectTypeOf<string>().not.toExtend<Epoch>();
    expectTypeOf<number>().not.toExtend<Position>();
    expectTypeOf<number>().not.toExtend<Sequence>();
  });

  test('are not taken for each other', () => {
    expectTypeOf<Cursor>().not.toExtend<Epoch>();
    expectTypeOf<Epoch>().not.toExtend<Cursor>();
    expectTypeOf<Position>().not.toExtend<Sequence>();
    expectTypeOf<Sequence>().not.toExtend<Position>();
  });

  test('a cursor is taken wherever one goes on, and so is the text that a client sends', () => {
    expectTypeOf<Cursor>().toExtend<NonNullable<SubscribeOptions['after']>>();
    expectTypeOf<string>().toExtend<NonNullable<SubscribeOptions['after']>>();
  });
});

describe('errors', () => {
  test('each has a code of its own, so that a switch over them narrows', () => {
    expectTypeOf<BadInputError['code']>().toEqualTypeOf<'BAD_USER_INPUT'>();
    expectTypeOf<PayloadTooLargeError['code']>().toEqualTypeOf<'PAYLOAD_TOO_LARGE'>();
    expectTypeOf<CursorExpiredError['code']>().toEqualTypeOf<'CURSOR_EXPIRED'>();
    expectTypeOf<LaggedError['code']>().toEqualTypeOf<'LAGGED'>();
    expectTypeOf<ConflictError['code']>().toEqualTypeOf<'CONFLICT'>();
    expectTypeOf<EngineUnavailableError['code']>().toEqualTypeOf<'ENGINE_UNAVAILABLE'>();
    expectTypeOf<IndeterminateError['code']>().toEqualTypeOf<'INDETERMINATE'>();
    const missed = (error: LaggedError | ConflictError): number =>
      error.code === 'LAGGED' ? error.missed : error.index;
    expectTypeOf(missed).returns.toEqualTypeOf<number>();
  });

  test('all are SeamlineErrors, of which nobody makes a bare one', () => {
    expectTypeOf<BadInputError | LaggedError | ConflictError | IndeterminateError>().toExtend<SeamlineError>();
    expectTypeOf<SeamlineError>().toExtend<Error>();
    // @ts-expect-error The error has no code.
    new SeamlineError('nothing in particular');
  });

  test('bear what a caller needs to act', () => {
    expectTypeOf<BadInputError['issues']>().toEqualTypeOf<readonly Issue[]>();
    expectTypeOf<LaggedError['missed']>().toEqualTypeOf<number>();
    expectTypeOf<LaggedError['cursor']>().toEqualTypeOf<Cursor>();
    expectTypeOf<ConflictError['index']>().toEqualTypeOf<number>();
    expectTypeOf<ConflictError['cursor']>().toEqualTypeOf<Cursor | null>();
  });
});

describe('options', () => {
  test('are read only', () => {
    const options: ServerOptions & ItemsOptions & StreamingMapOptions = { log: memoryLog() };
    // @ts-expect-error
    options.port = 1;
    // @ts-expect-error
    options.limit = 1;
    // @ts-expect-error
    options.maxItems = 1;
    expectTypeOf<ServerOptions['allowOrigins']>().toEqualTypeOf<readonly string[] | undefined>();
    expectTypeOf<KeyFilter['keys']>().toEqualTypeOf<ReadonlySet<string> | undefined>();
  });

  test('of a server may all be absent, or undefined', () => {
    expectTypeOf<Parameters<typeof createServer>>().toEqualTypeOf<[options?: ServerOptions | undefined]>();
    expectTypeOf(createServer()).resolves.toEqualTypeOf<SeamlineServer>();
    const unset = { port: undefined, host: undefined, log: undefined, maxItems: undefined, logger: undefined };
    expectTypeOf<typeof unset>().toExtend<ServerOptions>();
    expectTypeOf<ServerOptions['log']>().toEqualTypeOf<OrderedLog | undefined>();
    expectTypeOf<ServerOptions['logger']>().toEqualTypeOf<Logger | undefined>();
  });

  test('that are unknown or of another type are refused', () => {
    // @ts-expect-error A port is a number.
    void createServer({ port: '4000' });
    // @ts-expect-error The option is spelled maxItems.
    void createServer({ maxitems: 1 });
    // @ts-expect-error The option is drainTimeoutMs, with its unit.
    void createServer({ drainTimeout: 1 });
    // @ts-expect-error The option is a list.
    void createServer({ allowOrigins: 'https://example.com' });
  });

  test('a server says where it is, and serves the map that it hands out', () => {
    expectTypeOf<SeamlineServer['url']>().toEqualTypeOf<string>();
    expectTypeOf<SeamlineServer['webSocketUrl']>().toEqualTypeOf<string>();
    expectTypeOf<SeamlineServer['map']>().toEqualTypeOf<StreamingMap>();
    expectTypeOf<SeamlineServer['drain']>().returns.resolves.toEqualTypeOf<void>();
  });
});
