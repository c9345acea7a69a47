/** A test runs each code block of the documents, or `NOT_RUN` lists it with the reason. */
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Block, blocks, blocksOf } from '../support/documents/blocks.ts';
import { NOT_RUN } from '../support/documents/not-run.ts';

/** By test file and page, the headings whose blocks it runs; `, 2` is the second block below a heading. */
const RUN_BY: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'test/readme/browser.test.ts': {
    'docs/clients.md': [
      'GraphiQL',
      'Apollo Client without `seamline/client`',
      'urql without `seamline/client`',
      'EventSource',
    ],
  },
  'test/readme/node.test.ts': {
    'README.md': ['Clients', 'Library'],
    'docs/clients.md': ['graphql-ws without `seamline/client`'],
    'docs/security.md': ['Refusals'],
  },
  'test/readme/shell.test.ts': {
    'README.md': ['Quick start', 'Quick start, 2', 'Installation', 'Authentication'],
    'docs/clients.md': ['Examples'],
    'docs/command-line.md': ['Insert and tail', 'Insert and tail, 2', 'Get and remove', 'Schema'],
    'docs/security.md': ['Authentication'],
    'docs/operations.md': ['Traces'],
    'examples/node-service/README.md': ['A service in Node, with graphql-ws'],
    'examples/pothos-yoga/README.md': ['A stream in a Pothos and Yoga server, 2'],
  },
  'test/readme/typed/writing.test.ts': {
    'docs/errors.md': ['Format', 'Format, 2'],
    'docs/writing.md': [
      'Client setup',
      'Insert',
      'Insert, 2',
      'Insert, 3',
      'Batches',
      'Batches, 2',
      'Batches, 3',
      'Expiry',
      'Expiry, 2',
      'Expiry, 3',
      'Insert if absent',
      'Insert if absent, 2',
      'Insert if absent, 3',
      'Update if unchanged',
      'Update if unchanged, 2',
      'Update if unchanged, 3',
      'Update if unchanged, 4',
      'Update if unchanged, 5',
      'CONFLICT',
      'Retries and idempotency keys',
      'Retries and idempotency keys, 2',
      'Retries and idempotency keys, 3',
      'Remove',
      'Remove, 2',
      'Remove, 3',
      'Query one item',
      'Query one item, 2',
      'Query one item, 3',
      'Paging',
      'Paging, 2',
      'Paging, 3',
      'Query, then subscribe',
      'Query, then subscribe, 2',
      'Query, then subscribe, 3',
      'Filters',
      'Filters, 2',
      'Filters, 3',
      'Errors in clients',
    ],
  },
  'test/readme/typed/collections.test.ts': {
    'README.md': ['Types of your own', 'Types of your own, 2'],
    'docs/collections.md': [
      'Quick start',
      'Quick start, 2',
      'Quick start, 3',
      'Setup',
      'Setup, 2',
      'Setup, 3',
      'Setup, 4',
      'Generated schema',
      'Insert',
      'Insert, 2',
      'Queries and subscriptions',
      'Queries and subscriptions, 2',
      'Queries and subscriptions, 3',
      'Conditions',
      'Code generators',
      'Changes of the file',
      'Errors in the file',
    ],
  },
  'test/readme/typed/clients.test.ts': {
    'docs/clients.md': [
      'Typed documents',
      'Typed documents, 2',
      'Typed mirror and useItems',
      'Typed documents with Apollo Client',
      'Typed documents with urql',
      'Typed documents with graphql-ws',
    ],
  },
  'test/readme/typed/filters.test.ts': {
    'docs/filters.md': [
      'Filters',
      'Setup',
      'Setup, 2',
      'Paths',
      'Equality: `eq` and `ne`',
      'Lists: `in` and `notIn`',
      'Order: `lt`, `lte`, `gt` and `gte`',
      'Text and members: `startsWith` and `contains`',
      'Presence: `exists`',
      'Combinations: `and`, `or` and `not`',
      'Items that stop matching',
      'Items that stop matching, 2',
      'Items that stop matching, 3',
      'Queries',
      'Limits',
      'Clients',
      'Library',
      'Top 10',
    ],
  },
  'test/readme/vite.test.ts': { 'docs/clients.md': ['A Vite page', 'A Vite page, 3'] },
  'test/readme/contributing.test.ts': { 'CONTRIBUTING.md': ['Contributing'] },
  'test/readme/clients.test.ts': {
    'docs/clients.md': [
      'Resuming',
      'graphql-ws',
      'graphql-sse',
      'Apollo Client',
      'A plain HttpLink',
      'Raw `useSubscription`',
      'urql',
      'Graphcache',
      'React',
      'Mirror',
    ],
  },
  'test/readme/library.test.ts': {
    'docs/library.md': [
      'Quick start',
      'Quick start, 2',
      'Validation',
      'Several streams',
      'Cursor and timestamp',
      'Tenants',
      'Authorization',
      'Fan-out',
      'Persistence',
      'NATS',
      'Redis and Valkey',
      'PostgreSQL',
      'Testing',
    ],
  },
  'test/readme/docker.test.ts': {
    'docs/docker.md': [
      'Docker',
      'Docker, 2',
      'Production',
      'Production, 2',
      'Production, 3',
      'Health checks',
      'Behind a proxy',
      'Behind a proxy, 2',
      'Behind a proxy, 3',
    ],
  },
  'test/readme/engines.test.ts': {
    'docs/engines.md': ['`--data DIR`', '`--data DIR`, 2', '`--nats URL`', '`--nats URL`, 2', 'Durability'],
    'docs/scaling.md': ['Clustering', 'Sharding by stream'],
  },
  'test/deploy/kubernetes.test.ts': { 'docs/scaling.md': ['Kubernetes'] },
  'test/readme/redis.test.ts': {
    'docs/engines.md': ['`--redis URL`', '`--redis URL`, 2', 'Failover', 'Keys in Redis'],
  },
  'test/readme/postgres.test.ts': {
    'docs/command-line.md': ['PostgreSQL schema'],
    'docs/engines.md': ['`--postgres URL`', '`--postgres URL`, 2'],
    'docs/postgres.md': [
      'Quick start',
      'Quick start, 2',
      'Quick start, 3',
      'Quick start, 4',
      'Outbox',
      'Outbox, 2',
      'Functions',
      'Collections',
      'Drizzle',
      'Roles',
      'TLS and passwords',
      'Backups',
      'Monitoring',
    ],
  },
  'test/readme/proxies.test.ts': {
    'docs/docker.md': ['Behind a proxy, 4', 'Behind a proxy, 5'],
    'docs/scaling.md': ['Sharding by stream, 2', 'Sharding by stream, 3'],
    'docs/security.md': ['Reverse proxies', 'Reverse proxies, 2'],
  },
  'test/readme/gateways.test.ts': {
    'docs/gateways.md': [
      'Federation',
      'Federation, 2',
      'Federation, 3',
      'Federation, 4',
      'Federation, 5',
      'Resuming',
      'Resuming, 2',
      'Hive Gateway',
      'Hive Gateway, 2',
    ],
  },
  'test/examples/pages.test.ts': {
    'examples/apollo-react/README.md': ['Apollo Client and React'],
    'examples/event-source/README.md': ['A browser’s EventSource'],
    'examples/urql-react/README.md': ['urql, Graphcache and React'],
  },
  'test/examples/typed-apollo-react.test.ts': {
    'examples/typed-apollo-react/README.md': ['Typed quotes with Apollo Client and React'],
  },
  'test/examples/pothos-yoga.test.ts': {
    'examples/pothos-yoga/README.md': ['A stream in a Pothos and Yoga server'],
  },
};

const nameOf = ({ page, title, nth = 1 }: Pick<Block, 'page' | 'title'> & { readonly nth?: number }): string =>
  `${page}: ${title}${nth === 1 ? '' : `, ${nth}`}`;

const run = Object.entries(RUN_BY).flatMap(([file, pages]) =>
  Object.entries(pages).flatMap(([page, names]) =>
    names.map((name) => ({ file, page, name, block: `${page}: ${name}` })),
  ),
);

describe('a code block of the documents', () => {
  it('a block is run by exactly one test, or listed as not run', () => {
    const known = [...run.map(({ block }) => block), ...NOT_RUN.filter(({ line }) => !line).map((one) => nameOf(one))];
    expect(known.sort()).toEqual(blocks.map((block) => nameOf(block)).sort());
  });

  it.each(run)('$block: $file names its heading', ({ file, page, name }) => {
    const source = readFileSync(file, 'utf8');
    const title = name.replace(/, \d$/, '');
    const example = page.startsWith('examples/') && basename(dirname(page));
    const names = example ? [example, page] : [title];
    expect(names.some((one) => source.includes(`'${one}'`) || source.includes(`"${one}"`))).toBe(true);
  });

  it.each(NOT_RUN.filter(({ line }) => line))('$page has the line that is not run: $line', ({ line, ...where }) => {
    const lines = blocks.find((block) => nameOf(block) === nameOf(where))?.code.split('\n') ?? [];
    expect(lines.map((one) => one.replace(/ +#.*$/, '').trim())).toContain(line);
  });

  it('a code block is fenced, not indented', () => {
    const pages = globSync(['*.md', 'docs/*.md', 'examples/*/README.md']);
    const isIndented = (text: string): boolean => /\n\n {4,}\S/.test(text.replaceAll(/^```.*?^```$/gms, ''));
    expect(pages.filter((page) => isIndented(readFileSync(page, 'utf8')))).toEqual([]);
    expect(blocksOf('x', '# A\n\n- a\n  ```\n  b\n  ```\n')).toMatchObject([{ title: 'A', language: '', code: 'b\n' }]);
  });
});
