import { expect, it, vi } from 'vitest';
import { graphiqlOptions, graphiqlPages } from '../../../src/transports/http/graphiql.ts';

const optionsOf = (query: string) =>
  graphiqlOptions({ hasConsole: true, tabs: ['{ a }'] }, `http://localhost:4000/graphql${query}`);

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

it('the GraphiQL page is rendered in a thread of its own, and a WebSocket of it sends the headers of its tab', async () => {
  vi.doMock('@graphql-yoga/render-graphiql', () => {
    throw new Error('its 9 MB were loaded in this thread');
  });
  const page = Buffer.from(await graphiqlPages()(optionsOf(''))).toString();
  expect(page).toMatch(/extensions:\{headers:(\w+\?\.headers),connectionParams:\{headers:\1\}\}/);
  expect(page).toContain('<title>seamline GraphiQL</title>');
  expect(page).toContain('transform: none !important');
});
