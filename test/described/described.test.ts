import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../schema/index.ts';
import { ItemChangesDocument, ItemsDocument } from '../../schema/documents/graphql.ts';
import { ITEM } from '../../src/described/described-collection.ts';
import { documentsOf } from '../../src/described/documents.ts';
import { keyVariable, shapeOf } from '../../src/described/item-shape.ts';
import { describedBy, typedCollection } from '../support/described/described.ts';
import { typedSdl } from '../support/described/typed-sdl.ts';

const SCHEMA = buildSchema(typedSdl());

const namesIn = (fields: readonly { readonly name: string }[]): string[] => fields.map(({ name }) => name);

describe('the description of a server', () => {
  it('a schema of two collections is described by their names and keys in the order of Query', () => {
    expect(describedBy(SCHEMA).map(({ names }) => names)).toEqual([
      { name: 'Quote', singular: 'quote', plural: 'quotes', key: { name: 'symbol', type: 'ID' } },
      { name: 'Person', singular: 'person', plural: 'people', key: { name: 'id', type: 'Int' } },
    ]);
  });

  it('the fields of a value are told from those that the server adds', () => {
    const { fields, valueFields, inputFields, isItem } = typedCollection('quotes');
    expect(namesIn(fields)).toEqual([
      // prettier-ignore
      'symbol',
      'price',
      'venue',
      'tags',
      'lines',
      'at',
      'id',
      'cursor',
      'timestamp',
      'expiresAt',
    ]);
    expect(namesIn(valueFields)).toEqual(['symbol', 'price', 'venue', 'tags', 'lines', 'at']);
    expect(namesIn(inputFields)).toEqual(['symbol', 'price', 'venue', 'tags', 'lines', 'at']);
    expect(isItem).toBe(false);
    expect(namesIn(typedCollection('people').valueFields)).toEqual(['id', 'key', 'boss', 'friends']);
  });

  it('the types of fields are resolved down to scalars and enums', () => {
    const { fields, inputFields } = typedCollection('quotes');
    expect(fields.slice(1, 5)).toEqual([
      { name: 'price', type: { kind: 'scalar', name: 'Float', isNullable: false } },
      { name: 'venue', type: { kind: 'enum', name: 'Venue', isNullable: true, values: ['NYSE', 'LSE'] } },
      {
        name: 'tags',
        type: { kind: 'list', isNullable: false, of: { kind: 'scalar', name: 'String', isNullable: false } },
      },
      {
        name: 'lines',
        type: {
          kind: 'list',
          isNullable: true,
          of: {
            kind: 'object',
            name: 'Line',
            isNullable: true,
            fields: [{ name: 'count', type: { kind: 'scalar', name: 'Int', isNullable: false } }],
          },
        },
      },
    ]);
    expect(inputFields.at(4)).toMatchObject({ type: { of: { kind: 'object', name: 'LineInput' } } });
  });

  it('the default schema is described as its one collection', () => {
    const [item, ...others] = describedBy(createSchema());
    expect(item).toBe(ITEM);
    expect(others).toEqual([]);
    const fieldsOfItem = createSchema().getType('Item')?.toConfig() as { fields: object };
    expect(namesIn(ITEM.fields).toSorted()).toEqual(Object.keys(fieldsOfItem.fields).toSorted());
  });

  it('a schema of anything else has no collections', () => {
    const schema = buildSchema(`type Query { user(id: ID!): User users: [User!]! }
      type User { id: ID! } type Subscription { users: User! userChanges: User! }`);
    expect(describedBy(schema)).toEqual([]);
  });
});

describe('the documents of a collection', () => {
  it.each(['quotes', 'people'] as const)(
    'all documents of %s are valid, also with the root fields of Item',
    (plural) => {
      for (const hasItemRoots of [false, true]) {
        const { roots, ...documents } = documentsOf(typedCollection(plural), { hasItemRoots });
        for (const [name, document] of Object.entries(documents)) {
          expect(validate(SCHEMA, parse(document))).toEqual([]);
          expect(document).toContain(`\n  ${roots[name as keyof typeof documents]}`);
        }
      }
    },
  );

  it('the documents of the default collection are the shared ones', () => {
    const { items, changes, roots } = documentsOf(ITEM);
    expect([items, changes]).toEqual([String(ItemsDocument), String(ItemChangesDocument)]);
    const { roots: _, ...documents } = documentsOf(ITEM);
    const schema = createSchema();
    for (const [name, document] of Object.entries(documents)) {
      expect(validate(schema, parse(document))).toEqual([]);
      expect(document).toContain(`\n  ${roots[name as keyof typeof documents]}`);
    }
  });

  it('a recursive type is selected to a depth of 5', () => {
    const { get } = documentsOf(typedCollection('people'));
    expect(get.match(/\bboss \{/g)).toHaveLength(5);
    // One of each boss, and one of the friends.
    expect(get.match(/\bname\b/g)).toHaveLength(5 + 1);
  });

  it('a type that refers to itself by many fields is selected to fewer levels, so that its documents stay small', () => {
    const names = Array.from({ length: 10 }, (_, n) => `friend${n}`);
    const schema = buildSchema(typedSdl({ friend: names.map((name) => `${name}: Friend`).join(' ') }));
    for (const one of describedBy(schema)) {
      const { get, insertMany } = documentsOf(one);
      expect(get.length).toBeLessThan(40_000);
      expect(validate(schema, parse(insertMany))).toEqual([]);
    }
  });
});

describe('items in the shape of Item', () => {
  it('an item of a typed collection has its key as text and the other fields as its value', () => {
    const rest = { timestamp: '2026-01-01T00:00:00.000Z', expiresAt: null, cursor: 'c1' };
    expect(shapeOf(typedCollection('people'))({ id: 7, key: 'k', boss: null, friends: [], ...rest })).toEqual({
      key: '7',
      value: { key: 'k', boss: null, friends: [] },
      ...rest,
    });
    const item = { id: 'a', key: 'a', value: 1, ...rest };
    expect(shapeOf(ITEM)(item)).toBe(item);
  });

  it('a key is sent as a number only where its type is Int', () => {
    expect(['7', '-1', '0', '07', 'x'].map((key) => keyVariable(typedCollection('people'), key))).toEqual([
      7,
      -1,
      0,
      '07',
      'x',
    ]);
    expect(keyVariable(typedCollection('quotes'), '7')).toBe('7');
  });
});
