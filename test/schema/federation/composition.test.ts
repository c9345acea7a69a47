/** What `_service { sdl }` prints composes with other subgraphs. */
import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { federationSdl } from '../../../schema/federation/federation-sdl.ts';
import { createSchema } from '../../../schema/index.ts';
import { type CollectionNames, ITEMS } from '../../../schema/sdl/definition.ts';
import { compose, isMissing, type Subgraph, whyMissing } from '../../support/gateway/hive.ts';
import { collectionSchema } from '../../support/gateway/collection-schema.ts';

const QUOTE: CollectionNames = {
  name: 'Quote',
  singular: 'quote',
  plural: 'quotes',
  key: { name: 'symbol', type: 'ID' },
};
const ORDER: CollectionNames = {
  name: 'Order',
  singular: 'order',
  plural: 'orders',
  key: { name: 'number', type: 'Int' },
};

const subgraph = (name: string, collection: CollectionNames): Subgraph => ({
  name,
  sdl: federationSdl(buildSchema(collectionSchema(collection)), [collection]),
});

const items: Subgraph = { name: 'items', sdl: federationSdl(createSchema(), [ITEMS]) };
const quotes = subgraph('quotes', QUOTE);
const orders = subgraph('orders', ORDER);

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.4", import: ["@key", "@shareable"])';
const companies: Subgraph = {
  name: 'companies',
  sdl: `${LINK}
    type Query { companies: [Quote!]! pages: PageInfo! }
    type Quote @key(fields: "symbol") { symbol: ID! company: String }
    type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }`,
};

describe.skipIf(isMissing)(`the SDL of a subgraph${whyMissing}`, () => {
  it.each([
    ['the server without a file composes alone', [items]],
    ['a collection composes alone', [quotes]],
    ['two servers with a collection each compose', [quotes, orders]],
    ['a server with a collection and one without a file compose', [quotes, items]],
    [
      'a collection composes with a subgraph that extends its entity and has a PageInfo of its own',
      [quotes, companies],
    ],
    ['two servers compose with a subgraph that extends an entity of one of them', [orders, quotes, companies]],
  ])('%s', (_what, subgraphs) => {
    const { errors, publicSdl = '' } = compose(subgraphs);
    expect(errors).toBeUndefined();
    expect(publicSdl).toContain('type Subscription');
    for (const { sdl } of subgraphs)
      for (const [field] of sdl.matchAll(/^\w+Changes/gm)) expect(publicSdl).toContain(field);
  });

  it('a subgraph that has a field of an entity without the right to share it is refused by name', () => {
    const { errors = [] } = compose([
      quotes,
      { ...companies, sdl: companies.sdl.replace('company', 'price: Float! company') },
    ]);
    expect(errors.map(({ message }) => message).join('\n')).toContain('Quote.price');
  });

  it('two servers without @shareable do not compose', () => {
    const bare = ({ name, sdl }: Subgraph): Subgraph => ({ name, sdl: sdl.replaceAll(' @shareable', '') });
    const { errors = [] } = compose([bare(quotes), bare(orders)]);
    expect(errors.map(({ message }) => message).join('\n')).toContain('PageInfo');
  });
});
