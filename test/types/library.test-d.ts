/** The types of streams of users' own values. `tsc` checks this file; nothing here runs. */
import SchemaBuilder from '@pothos/core';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { addStream, type Item, itemFields, type KeyedInput, memoryLog, StreamingMap } from '../../src/index.ts';

interface Quote {
  readonly symbol: string;
  readonly price: number;
}

const log = memoryLog();
const keyOf = ({ symbol }: Quote): string => symbol;
declare const quotes: StreamingMap<Quote, KeyedInput<Quote>>;

describe('a map that knows its keys', () => {
  test('a map with keyOf takes no key', () => {
    expectTypeOf(StreamingMap.open<Quote>({ log, keyOf })).resolves.toEqualTypeOf<typeof quotes>();
    expectTypeOf(quotes.insert({ value: { symbol: 'a', price: 1 } })).resolves.toEqualTypeOf<Item<Quote>>();
    void quotes.insertMany([{ value: { symbol: 'a', price: 1 }, ttl: 1 }]);
    // @ts-expect-error The map derives the key from the value.
    void quotes.insert({ key: 'a', value: { symbol: 'a', price: 1 } });
    // @ts-expect-error A price is a number.
    void quotes.insert({ value: { symbol: 'a', price: '1' } });
    // @ts-expect-error All members are required.
    void quotes.insert({ value: { symbol: 'a' } });
  });

  test('a map has the type of its validating schema', () => {
    const validate = z.object({ symbol: z.string(), price: z.number() });
    const opened = StreamingMap.open({ log, keyOf: (quote) => quote.symbol, validate });
    expectTypeOf(opened).resolves.toEqualTypeOf<
      StreamingMap<{ symbol: string; price: number }, KeyedInput<{ symbol: string; price: number }>>
    >();
    expectTypeOf(StreamingMap.open({ log, validate: (value) => Number(value) })).resolves.toEqualTypeOf<
      StreamingMap<number>
    >();
    // @ts-expect-error A number has no symbol.
    void StreamingMap.open<number>({ log, keyOf });
    // @ts-expect-error The schema validates another type.
    void StreamingMap.open<Quote>({ log, validate: z.string() });
  });
});

describe('a stream in a schema', () => {
  interface Caller {
    readonly user: string;
  }
  const builder = new SchemaBuilder<{ Context: Caller }>({});
  const quote = builder.objectRef<Quote>('Quote');
  const trade = builder.objectRef<{ readonly shares: number }>('Trade');
  const whole = builder.inputType('QuoteInput', {
    fields: (t) => ({ symbol: t.string({ required: true }), price: t.float({ required: true }) }),
  });
  const part = builder.inputType('PartInput', { fields: (t) => ({ symbol: t.string({ required: true }) }) });

  test('the type of a stream shows the values of its map', () => {
    addStream(builder, { map: quotes, type: quote });
    // @ts-expect-error A trade is not a quote.
    addStream(builder, { map: quotes, type: trade });
  });

  test('a stream shows either a value or an item', () => {
    const item = builder.objectRef<Item<Quote>>('QuoteItem').implement({
      fields: (t) => ({ price: t.float({ resolve: ({ value }) => value.price }), ...itemFields(t) }),
    });
    addStream(builder, { map: quotes, item });
    // @ts-expect-error An item of trades is not an item of quotes.
    addStream(builder, { map: quotes, item: builder.objectRef<Item<{ readonly shares: number }>>('TradeItem') });
    // @ts-expect-error The source of `item` is the item, not its value.
    addStream(builder, { map: quotes, item: quote });
    // @ts-expect-error Only one of the two.
    addStream(builder, { map: quotes, item, type: quote });
    // @ts-expect-error One of the two is required.
    addStream(builder, { map: quotes });
  });

  test('a scope gets the context, and is synchronous', () => {
    addStream(builder, { map: quotes, type: quote, queries: true, scope: ({ user }) => ({ keyPrefix: `${user}:` }) });
    // @ts-expect-error A key prefix is a string.
    addStream(builder, { map: quotes, type: quote, scope: () => ({ keyPrefix: undefined }) });
    // @ts-expect-error A scope is not a promise.
    addStream(builder, { map: quotes, type: quote, scope: async () => ({ keyPrefix: 'a' }) });
  });

  test('an input is a value, or toValue makes one', () => {
    addStream(builder, { map: quotes, type: quote, input: whole });
    addStream(builder, { map: quotes, type: quote, input: part, toValue: ({ symbol }) => ({ symbol, price: 0 }) });
    // @ts-expect-error The input has no price.
    addStream(builder, { map: quotes, type: quote, input: part });
    // @ts-expect-error The value has no price.
    addStream(builder, { map: quotes, type: quote, input: part, toValue: ({ symbol }) => ({ symbol }) });
  });

  test('hooks get the value or input and the context, with their types', () => {
    addStream(builder, {
      map: quotes,
      type: quote,
      input: whole,
      remove: true,
      mayRead: (value, { user }) => {
        expectTypeOf(value).toEqualTypeOf<Quote>();
        expectTypeOf(user).toEqualTypeOf<string>();
        return true;
      },
      mayWrite: ({ price }, { user }) => {
        expectTypeOf(price).toEqualTypeOf<number>();
        return user !== '';
      },
      mayRemove: async (value) => value.price > 0,
    });
    // @ts-expect-error mayRead must be synchronous, because it is called for each item.
    addStream(builder, { map: quotes, type: quote, mayRead: async () => true });
  });
});
