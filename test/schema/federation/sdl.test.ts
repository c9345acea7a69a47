/** The SDL of `_service`, type by type. */
import { type ConstDirectiveNode, Kind, parse, print } from 'graphql';
import { expect, it } from 'vitest';
import { buildSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { federationSdl } from '../../../schema/federation/federation-sdl.ts';
import { createSchema } from '../../../schema/index.ts';
import { type CollectionNames, ITEMS } from '../../../schema/sdl/definition.ts';
import { request } from '../../support/clients/clients.ts';
import { collectionSchema } from '../../support/gateway/collection-schema.ts';
import { startCollections } from '../../support/server/collections.ts';
import { startServer } from '../../support/server/server.ts';

const ORDER: CollectionNames = {
  name: 'Order',
  singular: 'order',
  plural: 'orders',
  key: { name: 'number', type: 'Int' },
};

const printed = (directives: readonly ConstDirectiveNode[] = []): string =>
  directives.map((node) => print(node)).join(' ');

const directivesIn = (sdl: string): Record<string, string> =>
  Object.fromEntries(
    parse(sdl).definitions.flatMap((node) =>
      node.kind === Kind.OBJECT_TYPE_DEFINITION ? [[node.name.value, printed(node.directives)]] : [],
    ),
  );

it('an entity has its key, and types that several subgraphs have are shareable', () => {
  expect(directivesIn(federationSdl(buildSchema(collectionSchema(ORDER)), [ORDER]))).toEqual({
    Money: '@shareable',
    Order: '@key(fields: "number")',
    OrderChanges: '',
    OrderConnection: '@shareable',
    OrderEdge: '@shareable',
    PageInfo: '@shareable',
    RemovedItem: '@shareable',
    StreamStatus: '@shareable',
    Query: '',
    Mutation: '',
    Subscription: '',
  });
});

it('the server answers with the SDL of its schema, without the fields and types of federation itself', async () => {
  const server = await startServer({ federation: true });
  const { data } = await request<{ _service: { sdl: string } }, object>(server, '{ _service { sdl } }');
  const sdl = data?._service.sdl ?? '';
  expect(sdl).toBe(federationSdl(createSchema(), [ITEMS]));
  expect(sdl).not.toMatch(/_Any|_Entity|_Service|_entities|_service/);
  const [link, ...definitions] = parse(sdl).definitions;
  expect(link && print(link)).toBe(
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.4", import: ["@key", "@shareable"])',
  );
  const bare = definitions
    .map((node) => print(node))
    .join('\n')
    .replaceAll(/ @key\(fields: "key"\)| @shareable/g, '');
  expect(printSchema(lexicographicSortSchema(buildSchema(bare)))).toBe(
    printSchema(lexicographicSortSchema(createSchema())),
  );
});

it('a server with an SDL file answers with a key for each of its collections', async () => {
  const server = await startCollections({ federation: true });
  const { data, errors } = await request<{ _service: { sdl: string } }, object>(server, '{ _service { sdl } }');
  expect(errors).toBeUndefined();
  expect(directivesIn(data?._service.sdl ?? '')).toMatchObject({
    Quote: '@key(fields: "symbol")',
    Order: '@key(fields: "number")',
    OrderChanges: '',
    Line: '@shareable',
    PageInfo: '@shareable',
  });
});

it('a query repeats the SDL ten times at most', async () => {
  const server = await startServer({ federation: true });
  const times = (count: number): string =>
    `{ ${Array.from({ length: count }, (_, at) => `a${at}: _service { sdl }`).join(' ')} }`;
  expect((await request(server, times(10))).errors).toBeUndefined();
  expect(await request(server, times(11))).toMatchObject({ errors: [{ extensions: { code: 'PAYLOAD_TOO_LARGE' } }] });
});

it('the server answers with the SDL of a schema that has the scalar Float', async () => {
  const server = await startCollections({ federation: true });
  const { data, errors } = await request<{ _service: { sdl: string } }, object>(server, '{ _service { sdl } }');
  expect(errors).toBeUndefined();
  expect(data?._service.sdl).toContain('price: Float!');
});
