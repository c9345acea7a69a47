/** Types that refer to each other have more ways from one to the next than anybody could follow. */
import { parse, validate } from 'graphql';
import { expect, it } from 'vitest';
import { createSchema } from '../../schema/index.ts';
import { parseSdlFile } from '../../schema/sdl/parse-sdl-file.ts';
import { documentsOf } from '../../src/described/documents.ts';
import { pageCollections } from '../../src/transports/http/page-collections.ts';
import { graphiqlTabs } from '../../src/transports/http/graphiql-tabs.ts';
import { describedBy } from '../support/described/described.ts';

/** Each of the types has a field of each other one. */
function mesh(count: number) {
  const names = Array.from({ length: count }, (_, n) => `T${n}`);
  const types = names.map((name) => {
    const others = names.filter((other) => other !== name);
    return `type ${name} { v: Int ${others.map((other) => `x${other}: ${other} l${other}: [${other}!]!`).join(' ')} }`;
  });
  const text = `type N @collection(key: "id") { id: ID! a: T0 } ${types.join(' ')}`;
  return createSchema({ definition: parseSdlFile(text, 'mesh.graphql') });
}

it.each([2, 4, 12])('%i types that refer to each other have documents that a server takes', (count) => {
  const schema = mesh(count);
  const [collection] = describedBy(schema);
  const { items, changes, insertOne } = documentsOf(collection!);
  for (const text of [items, changes, insertOne]) {
    expect(validate(schema, parse(text, { maxTokens: 5000 }))).toEqual([]);
    expect(text).toContain('xT1');
  }
});

it('twelve types that refer to each other have pages', () => {
  const schema = mesh(12);
  const [page] = pageCollections(schema);
  expect(page?.example.input).toMatchObject({ a: { v: 1, xT1: { v: 1 } } });
  expect(JSON.stringify(page).length).toBeLessThan(200_000);
  for (const tab of graphiqlTabs(schema)) expect(validate(schema, parse(tab))).toEqual([]);
});
