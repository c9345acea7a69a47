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
  itemFilter,
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
  test('a StreamingMap has a value type, which is unknown by default', () => {
    const log = memoryLog();
    expectTypeOf(StreamingMap.open<Quote>({ log })).resolves.toEqualTypeOf<StreamingMap<Quote>>();
    expectTypeOf(StreamingMap.open({ log })).resolves.toEqualTypeOf<StreamingMap>();
    expectTypeOf<StreamingMap['get']>().returns.toEqualTypeOf<Item<unknown> | undefined>();
    // @ts-expect-error A map needs a log.
    void StreamingMap.open({});
    // @ts-expect-error A map is opened, not constructed, because it reads its log first.
    new StreamingMap<Quote>();
  });

  test('insert accepts only values of the map’s type', () => {
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

  test('every option of an insertion may be absent, null or undefined', () => {
    expectTypeOf<InsertInput<Quote>['ttl']>().toEqualTypeOf<number | null | undefined>();
    expectTypeOf<InsertInput<Quote>['idempotencyKey']>().toEqualTypeOf<string | null | undefined>();
    expectTypeOf<InsertInput<Quote>['ifAbsent']>().toEqualTypeOf<boolean | null | undefined>();
    expectTypeOf<InsertInput<Quote>['ifCursor']>().toEqualTypeOf<string | null | undefined>();
    expectTypeOf<{ key: string; value: Quote }>().toExtend<InsertInput<Quote>>();
    // @ts-expect-error A ttl is a number of seconds.
    void map.insert({ key: 'a', value: quote, ttl: '1m' });
  });

  test('remove returns null or the removal', () => {
    expectTypeOf<Parameters<StreamingMap<Quote>['remove']>>().toEqualTypeOf<
      [key: string, options?: RemoveOptions | undefined]
    >();
    expectTypeOf(map.remove('a')).resolves.toEqualTypeOf<RemovedItem | null>();
  });

  test('get returns an item or undefined', () => {
    expectTypeOf(map.get('a')).toEqualTypeOf<Item<Quote> | undefined>();
  });

  test('items yields items with the map’s value type', () => {
    expectTypeOf<Parameters<StreamingMap<Quote>['items']>>().toEqualTypeOf<[options?: ItemsOptions | undefined]>();
    expectTypeOf(map.items()).toEqualTypeOf<AsyncGenerator<Item<Quote>, void, void>>();
    const filter = keyFilter({ keyPrefix: 'a' });
    map.items({ limit: 1, after: 'cursor', onLag: 'FAIL', filter, signal: AbortSignal.abort() });
    map.items({ limit: null, after: undefined });
    // @ts-expect-error onLag is CONFLATE or FAIL.
    map.items({ onLag: 'DROP' });
    map.items({ filter: { keyPrefix: 'a', keys: ['ab'], where: { path: '/price', gte: 100, not: { eq: null } } } });
    map.items({ filter: itemFilter({ where: { path: '/venue', in: ['NYSE', 'LSE'] } }) });
    // @ts-expect-error A filter has no member `prefix` before it is checked.
    map.items({ filter: { prefix: 'a' } });
    // @ts-expect-error The order is one of numbers or of strings.
    map.items({ filter: { where: { lt: true } } });
  });

  test('changes yields messages with the map’s value type', () => {
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

  test('close returns a promise', () => {
    expectTypeOf(map.close()).resolves.toEqualTypeOf<void>();
  });
});

describe('items and changes', () => {
  test('an item has a value, a position and a cursor', () => {
    expectTypeOf<Item<Quote>['value']>().toEqualTypeOf<Quote>();
    expectTypeOf<Item<Quote>['cursor']>().toEqualTypeOf<Cursor>();
    expectTypeOf<Item<Quote>['position']>().toEqualTypeOf<Position>();
    expectTypeOf<Item<Quote>['timestamp']>().toEqualTypeOf<number>();
    expectTypeOf<Item<Quote>['expiresAt']>().toEqualTypeOf<number | null>();
  });

  test('a change is an item or a removal, and a removal has a reason', () => {
    expectTypeOf<Change<Quote>>().toEqualTypeOf<Item<Quote> | RemovedItem>();
    expectTypeOf<RemovedItem['reason']>().toEqualTypeOf<RemovalReason>();
    expectTypeOf<RemovalReason>().toEqualTypeOf<'REMOVED' | 'EXPIRED' | 'EVICTED' | 'UNMATCHED'>();
    expectTypeOf<RemovedItem>().not.toHaveProperty('value');
  });

  test('items are read-only, because all readers share them', () => {
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

describe('positions and cursors', () => {
  test('positions and cursors are not plain numbers and strings', () => {
    expectTypeOf<Cursor>().toExtend<string>();
    expectTypeOf<Epoch>().toExtend<string>();
    expectTypeOf<Position>().toExtend<number>();
    expectTypeOf<Sequence>().toExtend<number>();
    expectTypeOf<string>().not.toExtend<Cursor>();
    expectTypeOf<string>().not.toExtend<Epoch>();
    expectTypeOf<number>().not.toExtend<Position>();
    expectTypeOf<number>().not.toExtend<Sequence>();
  });

  test('positions, sequences and cursors are distinct types', () => {
    expectTypeOf<Cursor>().not.toExtend<Epoch>();
    expectTypeOf<Epoch>().not.toExtend<Cursor>();
    expectTypeOf<Position>().not.toExtend<Sequence>();
    expectTypeOf<Sequence>().not.toExtend<Position>();
  });

  test('`after` accepts a cursor and any string from a client', () => {
    expectTypeOf<Cursor>().toExtend<NonNullable<SubscribeOptions['after']>>();
    expectTypeOf<string>().toExtend<NonNullable<SubscribeOptions['after']>>();
  });
});

describe('errors', () => {
  test('each error class has its own code, so that a switch narrows', () => {
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

  test('all errors are SeamlineErrors, which can’t be constructed without a code', () => {
    expectTypeOf<BadInputError | LaggedError | ConflictError | IndeterminateError>().toExtend<SeamlineError>();
    expectTypeOf<SeamlineError>().toExtend<Error>();
    // @ts-expect-error The error has no code.
    new SeamlineError('nothing in particular');
  });

  test('errors have the data that callers need to react', () => {
    expectTypeOf<BadInputError['issues']>().toEqualTypeOf<readonly Issue[]>();
    expectTypeOf<LaggedError['missed']>().toEqualTypeOf<number>();
    expectTypeOf<LaggedError['cursor']>().toEqualTypeOf<Cursor>();
    expectTypeOf<ConflictError['index']>().toEqualTypeOf<number>();
    expectTypeOf<ConflictError['cursor']>().toEqualTypeOf<Cursor | null>();
  });
});

describe('options', () => {
  test('options are read-only', () => {
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

  test('every option of a server may be absent or undefined', () => {
    expectTypeOf<Parameters<typeof createServer>>().toEqualTypeOf<[options?: ServerOptions | undefined]>();
    expectTypeOf(createServer()).resolves.toEqualTypeOf<SeamlineServer>();
    const unset = { port: undefined, host: undefined, log: undefined, maxItems: undefined, logger: undefined };
    expectTypeOf<typeof unset>().toExtend<ServerOptions>();
    expectTypeOf<ServerOptions['log']>().toEqualTypeOf<OrderedLog | ((collection: string) => OrderedLog) | undefined>();
    expectTypeOf<ServerOptions['logger']>().toEqualTypeOf<Logger | undefined>();
  });

  test('unknown options and options of another type are refused', () => {
    // @ts-expect-error A port is a number.
    void createServer({ port: '4000' });
    // @ts-expect-error The option is spelled maxItems.
    void createServer({ maxitems: 1 });
    // @ts-expect-error The option is drainTimeoutMs, with its unit.
    void createServer({ drainTimeout: 1 });
    // @ts-expect-error The option is a list.
    void createServer({ allowOrigins: 'https://example.com' });
  });

  test('a server has its URLs and its map', () => {
    expectTypeOf<SeamlineServer['url']>().toEqualTypeOf<string>();
    expectTypeOf<SeamlineServer['webSocketUrl']>().toEqualTypeOf<string>();
    expectTypeOf<SeamlineServer['map']>().toEqualTypeOf<StreamingMap>();
    expectTypeOf<SeamlineServer['drain']>().returns.resolves.toEqualTypeOf<void>();
  });
});
