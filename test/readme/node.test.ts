import { expect, it } from 'vitest';
import { networkTo } from '../support/sockets/proxy.ts';
import { bundle, complaintsAbout, linesOf, snippet, snippetFor } from '../support/documents/readme.ts';
import { startServer } from '../support/server/server.ts';
import { SECRET, sign } from '../support/server/tokens.ts';
import { replaced } from '../support/documents/replaced.ts';

/** graphql-ws waits longer before each further attempt. */
const WITH_RECONNECTS = { timeout: 60_000 };

const CLIENTS = 'docs/clients.md';
const WITHOUT = 'graphql-ws without `seamline/client`';

it(
  'README.md, Clients: it prints current items, and resumes after a disconnect (G1, G2, G4)',
  WITH_RECONNECTS,
  async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    await server.map.insert({ key: 'before', value: 1 });
    const lines = linesOf(await bundle(snippetFor('Clients', network.url), 'node'));
    expect((await lines.next()).value).toBe("{ key: 'before', value: 1 }");
    network.cut();
    await server.map.insert({ key: 'meanwhile', value: 2 });
    await network.refusal();
    network.mend();
    expect((await lines.next()).value).toBe("{ key: 'meanwhile', value: 2 }");
  },
);

it(
  'graphql-ws without seamline/client prints current and later items, and resumes after a disconnect (G1, G2, G4)',
  WITH_RECONNECTS,
  async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    await server.map.insert({ key: 'before', value: { text: 'β' } });
    const lines = linesOf(await bundle(snippetFor(WITHOUT, network.url, CLIENTS), 'node'));
    expect((await lines.next()).value).toBe("before { text: 'β' }");

    await server.map.insert({ key: 'live', value: 1 });
    expect((await lines.next()).value).toBe('live 1');

    network.cut();
    await server.map.insert({ key: 'meanwhile', value: 2 });
    await network.refusal();
    network.mend();
    expect((await lines.next()).value).toBe('meanwhile 2');

    await server.map.insert({ key: 'after', value: 3 });
    expect((await lines.next()).value).toBe('after 3');
  },
);

it(
  'graphql-ws without seamline/client prints nothing twice if it is slow when its connection breaks (G2)',
  WITH_RECONNECTS,
  async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    await server.map.insertMany(['first', 'second', 'third'].map((key) => ({ key, value: 1 })));
    const show = 'console.log(key, value);';
    const untilItComesAgain = "new Promise((go) => client.on('connected', () => client.on('message', go)))";
    const slow = `${show} if (key === 'first') await ${untilItComesAgain};`;
    const lines = linesOf(await bundle(replaced(snippetFor(WITHOUT, network.url, CLIENTS), show, slow), 'node'));
    expect((await lines.next()).value).toBe('first 1');

    network.cut();
    network.mend();
    await server.map.insert({ key: 'after', value: 2 });
    for (const line of ['second 1', 'third 1', 'after 2']) expect((await lines.next()).value).toBe(line);
  },
);

it('README.md, Library: the map delivers an insertion', async () => {
  const lines = linesOf(await bundle(snippet('Library'), 'node'));
  expect((await lines.next()).value).toBe('greeting hello');
});

it('docs/security.md, Refusals: the client reconnects with a fresh token (G4)', WITH_RECONNECTS, async () => {
  const server = await startServer({ jwtSecret: SECRET });
  const network = await networkTo(server.url);
  await server.map.insert({ key: 'before', value: 1 });
  const program = `import { createClient } from 'graphql-ws';
    import { persistent, resumable } from 'seamline/client';
    const url = '${network.url.replace('http', 'ws')}';
    const freshToken = async () => (console.log('a fresh token'), '${await sign()}');
    ${snippet('Refusals', 'docs/security.md')}
    for await (const { data } of client.iterate({ query: 'subscription { items { key } }' })) console.log(data.items.key);`;
  const lines = linesOf(await bundle(program, 'node'));
  for (const line of ['a fresh token', 'before']) expect((await lines.next()).value).toBe(line);
  network.cut();
  await server.map.insert({ key: 'meanwhile', value: 2 });
  await network.refusal();
  network.mend();
  for (const line of ['a fresh token', 'meanwhile']) expect((await lines.next()).value).toBe(line);
});

it('the snippets without seamline/client, and those of README.md, pass a strict type check', async () => {
  const others = ['Apollo Client without `seamline/client`', 'urql without `seamline/client`'];
  expect(await complaintsAbout([WITHOUT, ...others], CLIENTS)).toBe('');
  // Node has this level.
  expect(await complaintsAbout(['Clients', 'Library'], 'README.md', 'es2024')).toBe('');
});
