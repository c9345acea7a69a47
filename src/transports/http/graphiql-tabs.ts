/** The first tabs of GraphiQL. Each runs when its text is pasted alone. */
import { type GraphQLInputObjectType, type GraphQLSchema, parse, print } from 'graphql';
import type { DescribedField, DescribedType } from '../../described/type-tree.ts';
import type { PageCollection } from '../../described/page-collection.ts';
import { literalOf } from './example-input.ts';
import { pageCollections } from './page-collections.ts';

const ITEMS = `# The current items, and then every insertion.
# On an empty map this waits for the first item:
# run the tab Insert before this one, or insert
# with the console while this runs.
subscription Items {
  items {
    key
    value
    timestamp
    cursor
  }
}
`;

const ITEM_CHANGES = `# The changes of the map, removals included.
# The first message comes at once, with the current
# items. GraphiQL shows the newest message only.
subscription ItemChanges {
  itemChanges {
    reset
    upserted {
      key
      value
      cursor
    }
    removed {
      key
      reason
    }
    caughtUp
    size
    checksum
  }
}
`;

const INSERT = `# Inserts an item, or replaces the key's item.
mutation Insert {
  insertItem(
    input: { key: "greeting", value: { text: "hello" } }
  ) {
    key
    value
    cursor
  }
}
`;

const FILTER = `# Only items whose key starts with "greet".
# Without such an item this waits for the first:
# run the tab Insert before this one.
subscription Filter {
  items(filter: { keyPrefix: "greet" }) {
    key
    value
    cursor
  }
}
`;

/** The documents of the first tabs. Of a server with an SDL file they are about its first collection. */
export function graphiqlTabs(schema: GraphQLSchema): readonly string[] {
  const [collection] = pageCollections(schema);
  return collection ? tabsOf(collection, schema) : [ITEMS, ITEM_CHANGES, INSERT, FILTER];
}

function tabsOf({ names, valueFields, example }: PageCollection, schema: GraphQLSchema): string[] {
  const { name, singular, plural } = names;
  const fields = selectionOf(valueFields, [name]);
  // Each collection has this input.
  const input = schema.getType(`${name}Input`) as GraphQLInputObjectType;
  return [
    document(
      ['The current items, and then every insertion.', ...WAITS],
      `subscription ${operationName(plural)} { ${plural} { ${fields} timestamp cursor } }`,
    ),
    document(
      [
        'The changes of the map, removals included.',
        'The first message comes at once, with the current',
        'items. GraphiQL shows the newest message only.',
      ],
      `subscription ${name}Changes {
        ${singular}Changes { reset upserted { ${fields} cursor } removed { key reason } caughtUp size checksum }
      }`,
    ),
    document(
      ["Inserts an item, or replaces the key's item."],
      `mutation Insert { insert${name}(input: ${literalOf(example.input, input)}) { ${fields} cursor } }`,
    ),
    document(
      ['A page of the current items, oldest first.'],
      `query Page { ${plural}(first: 10) { edges { node { ${fields} cursor } } pageInfo { hasNextPage endCursor } cursor } }`,
    ),
  ];
}

const WAITS = [
  'On an empty map this waits for the first item:',
  'run the tab Insert before this one, or insert',
  'with the console while this runs.',
];

const operationName = (plural: string): string => plural.charAt(0).toUpperCase() + plural.slice(1);

const document = (comment: readonly string[], text: string): string =>
  `${comment.map((line) => `# ${line}\n`).join('')}${print(parse(text))}\n`;

/** Without the fields of an object inside itself: a document is an example. */
function selectionOf(fields: readonly DescribedField[], outer: readonly string[]): string {
  const selected = fields.flatMap(({ name, type }) => {
    const object = objectIn(type);
    if (!object) return [name];
    const nested = outer.includes(object.name) ? '' : selectionOf(object.fields, [...outer, object.name]);
    return nested === '' ? [] : [`${name} { ${nested} }`];
  });
  return selected.join('\n');
}

function objectIn(type: DescribedType): Extract<DescribedType, { readonly kind: 'object' }> | undefined {
  if (type.kind === 'list') return objectIn(type.of);
  return type.kind === 'object' ? type : undefined;
}
