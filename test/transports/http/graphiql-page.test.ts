import { expect, it } from 'vitest';
import { graphiqlOptions, graphiqlPages } from '../../../src/transports/http/graphiql.ts';

const optionsOf = (query: string) => graphiqlOptions({ hasConsole: true }, `http://localhost:4000/graphql${query}`);

it('all requests for the GraphiQL page share its bytes, with tabs or without', async () => {
  const pageOf = graphiqlPages();
  const page = await pageOf(optionsOf(''));
  expect(Buffer.isBuffer(page)).toBe(true);
  expect((page as unknown as Buffer).toString()).toContain('seamline GraphiQL');
  expect(await pageOf(optionsOf(''))).toBe(page);
  const plain = await pageOf(optionsOf('?query={a}'));
  expect(plain).not.toBe(page);
  expect(await pageOf(optionsOf('?query={b}'))).toBe(plain);
});
