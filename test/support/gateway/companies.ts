/** Another subgraph: it knows the companies of items, and which items are watched. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSchema, createYoga } from 'graphql-yoga';
import { onTestFinished } from 'vitest';
import type { Subgraph } from './hive.ts';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.4", import: ["@key"])';

export interface Companies extends Subgraph {
  /** The keys of each `_entities` that it was asked for. */
  readonly asked: readonly (readonly string[])[];
}

interface Reference {
  readonly __typename: string;
  readonly [key: string]: string;
}

/** The entity that it extends, its key field, and the keys that `watchlist` refers to. */
interface Known {
  readonly type?: string;
  readonly key?: string;
  readonly watched?: readonly string[];
}

export async function startCompanies({ type = 'Item', key = 'key', watched = [] }: Known = {}): Promise<Companies> {
  const asked: string[][] = [];
  const fields = `type Query { watchlist: [${type}]! }`;
  const entity = (directive: string): string => `type ${type} ${directive} { ${key}: ID! company: String }`;
  const schema = createSchema({
    typeDefs: `${fields} ${entity('')} scalar _Any union _Entity = ${type}
      extend type Query { _entities(representations: [_Any!]!): [_Entity]! }`,
    resolvers: {
      Query: {
        watchlist: () => watched.map((value) => ({ [key]: value })),
        _entities(_root: unknown, { representations }: { representations: readonly Reference[] }) {
          asked.push(representations.map((reference) => reference[key] ?? ''));
          return representations;
        },
      },
      [type]: { company: (reference: Reference) => `company of ${reference[key] ?? ''}` },
    },
  });
  const yoga = createYoga({ schema, logging: false });
  const server = createServer((request, response) => void yoga(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/graphql`;
  return { name: 'companies', sdl: `${LINK} ${fields} ${entity(`@key(fields: "${key}")`)}`, url, asked };
}
