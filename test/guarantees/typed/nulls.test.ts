/** What typed conditions say of nulls: nothing holds inside of a null object but its `isNull`. */
import { expect, it } from 'vitest';
import { ask } from '../../support/clients/clients.ts';
import { schemaFile, startCollections } from '../../support/server/collections.ts';

const SDL = `
type Shop @collection(key: "name") { name: ID! address: Address tags: [String!] open: Boolean }
type Address { city: String street: Street }
type Street { number: Int }
`;
const INSERT = 'mutation ($inputs: [ShopInput!]!) { insertShops(inputs: $inputs) { name } }';
const PAGE = 'query ($where: ShopWhere) { shops(filter: { where: $where }) { edges { node { name } } } }';
const SHOPS = [
  { name: 'none' },
  { name: 'bare', address: {}, tags: [] },
  { name: 'full', address: { city: 'Paris', street: { number: 5 } }, tags: ['a'], open: true },
];

it.each<[object, string[]]>([
  [{ address: { isNull: true } }, ['none']],
  [{ address: { isNull: false } }, ['bare', 'full']],
  [{ address: { city: { ne: 'Paris' } } }, ['bare']],
  [{ address: { city: { notIn: ['Paris'] } } }, ['bare']],
  [{ address: { city: { isNull: true } } }, ['bare']],
  [{ address: { not: { city: { eq: 'Paris' } } } }, ['bare']],
  [{ address: { not: { street: { number: { gt: 1 } } } } }, ['bare']],
  [{ address: { or: [{ city: { ne: 'Paris' } }, { street: { isNull: true } }] } }, ['bare']],
  [{ address: { street: { not: { number: { eq: 6 } } } } }, ['full']],
  [{ not: { address: { city: { eq: 'Paris' } } } }, ['none', 'bare']],
  [{ tags: { isEmpty: true } }, ['bare']],
  [{ tags: { isEmpty: false } }, ['none', 'full']],
  [{ tags: { has: 'a' } }, ['full']],
  [{ open: { ne: true } }, ['none', 'bare']],
  [{ open: { notIn: [true] } }, ['none', 'bare']],
])('the condition %j selects %j', async (where, names) => {
  const server = await startCollections({ schema: schemaFile(SDL) });
  await ask(server, INSERT, { inputs: SHOPS });
  const edges = names.map((name) => ({ node: { name } }));
  expect(await ask(server, PAGE, { where })).toEqual({ shops: { edges } });
});
