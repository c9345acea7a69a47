/** A user's item type that implements an interface of the user's schema. */
import { describe, expect, it } from 'vitest';
import { addStream } from '../../src/index.ts';
import { createQuoteBuilder, createQuotes, doors, type Quote, serve } from '../support/server/quotes.ts';

describe.each(doors)('over $name', (door) => {
  it.each([true, false])('a subscription answers fragments on an interface, with fan-out: %s', async (fanOut) => {
    const map = await createQuotes();
    const { builder, input } = createQuoteBuilder();
    const node = builder.interfaceRef<{ symbol: string }>('Priced').implement({
      fields: (t) => ({ name: t.exposeString('symbol') }),
    });
    const share = builder
      .objectRef<Quote>('Share')
      .implement({ interfaces: [node], fields: (t) => ({ price: t.exposeFloat('price') }) });
    addStream(builder, { map, type: share, input, toValue: ({ symbol, price }) => ({ symbol, price }) });
    const server = await serve(builder.toSchema(), { fanOut });
    await map.insert({ value: { symbol: 'A', price: 1 } });
    const feed = door.subscribe(server, 'me', 'subscription { shares { ... on Priced { name } price } }');
    expect(await feed.next()).toEqual({ data: { shares: { name: 'A', price: 1 } } });
    await map.close();
  });
});
