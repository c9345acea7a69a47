/** A user's own server bounds no documents, so the streams themselves must not walk a selection that fragments have doubled. */
import SchemaBuilder from '@pothos/core';
import { graphql, parse, subscribe } from 'graphql';
import { expect, it } from 'vitest';
import { addStream, memoryLog, StreamingMap } from '../../src/index.ts';
import { numbered } from '../support/fuzz/hostile.ts';

interface Tree {
  readonly id: string;
  readonly left?: Tree;
}

const LEVELS = 40;
const fragments = `${numbered(LEVELS, (n) => `fragment F${n} on Tree { left { ...F${n + 1} } again: left { ...F${n + 1} } }`)}
  fragment F${LEVELS} on Tree { id }`;

async function treeSchema() {
  const builder = new SchemaBuilder({});
  const tree = builder.objectRef<Tree>('Tree');
  tree.implement({
    fields: (t) => ({
      id: t.exposeID('id'),
      left: t.field({ type: tree, nullable: true, resolve: ({ left }) => left }),
    }),
  });
  builder.queryType({});
  builder.subscriptionType({});
  const map = await StreamingMap.open<Tree>({ log: memoryLog(), keyOf: ({ id }) => id });
  addStream(builder, { map, type: tree, queries: true });
  await map.insert({ value: { id: 'a' } });
  return builder.toSchema();
}

it('a subscription in a user’s schema refuses a selection that fragments double forty times', async () => {
  const document = parse(`subscription { trees { ...F0 } } ${fragments}`);
  const result = await subscribe({ schema: await treeSchema(), document, contextValue: {} });
  expect(result).toMatchObject({ errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
});

it('a query in a user’s schema refuses a selection that fragments double forty times', async () => {
  const source = `{ tree(key: "a") { ...F0 } } ${fragments}`;
  const result = await graphql({ schema: await treeSchema(), source, contextValue: {} });
  expect(result).toMatchObject({ errors: [{ extensions: { code: 'PAYLOAD_TOO_LARGE' } }] });
});
