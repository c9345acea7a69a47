/** The code that users of the other servers have to write: a map with the newest item of each key, and the schema. */
import { type Filter, filledKey } from './interests.ts';
import { valueOf } from './peer.ts';

export interface Item {
  readonly key: string;
  readonly value: unknown;
  readonly timestamp: string;
  readonly cursor: string;
}

export interface ItemInput {
  readonly key: string;
  readonly value: unknown;
}

/** The scalars have no code, so values are not converted. */
export const TYPE_DEFS = /* GraphQL */ `
  scalar JSON
  scalar DateTime
  type Item {
    key: ID!
    value: JSON!
    timestamp: DateTime!
    cursor: String!
  }
  input InsertItemInput {
    key: ID!
    value: JSON!
  }
  input ItemFilter {
    keys: [ID!]
    keyPrefix: String
  }
  type Query {
    items: [Item!]!
  }
  type Mutation {
    insertItem(input: InsertItemInput!): Item!
    insertItems(inputs: [InsertItemInput!]!): [Item!]!
  }
  type Subscription {
    items(filter: ItemFilter): Item!
  }
`;

/** As long as seamline's cursors, so that deliveries have the same size. */
const CURSOR_LENGTH = 25;

export class NaiveCache {
  readonly #items = new Map<string, Item>();
  #count = 0;

  /** Inserts the item as the newest one. */
  insert({ key, value }: ItemInput): Item {
    const cursor = String(++this.#count).padStart(CURSOR_LENGTH, '0');
    const item = { key, value, timestamp: new Date().toISOString(), cursor };
    this.#items.delete(key);
    this.#items.set(key, item);
    return item;
  }

  /** The current items that pass the filter: a copy, because insertions continue. */
  current(filter?: Filter | null): Item[] {
    const { keys, keyPrefix } = filter ?? {};
    if (keys) return keys.flatMap((key) => this.#items.get(key) ?? []);
    const items = [...this.#items.values()];
    return keyPrefix === undefined ? items : items.filter(({ key }) => key.startsWith(keyPrefix));
  }

  readonly fill = (from: number, to: number): void => {
    for (let n = from; n < to; n++) this.insert({ key: filledKey(n), value: valueOf(n) });
  };
}
