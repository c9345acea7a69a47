/** Each code block of the documents is run by a test, or stands in the list of those that aren't, with the reason. */
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Block, blocks, blocksOf } from '../support/documents/blocks.ts';
import { NOT_RUN } from '../support/documents/not-run.ts';

/** Which test runs what: by the page, the headings; `, 2` for the second block below one. */
const RUN_BY: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'test/readme/browser.test.ts': { 'README.md': ['GraphiQL', 'Apollo Client', 'urql', 'EventSource'] },
  'test/readme/node.test.ts': {
    'README.md': ['graphql-ws', 'As a library'],
    'docs/security.md': ['What is refused, and how'],
  },
  'test/readme/shell.test.ts': {
    'README.md': ['seamline, 2', 'From the shell', 'Who may in', 'Examples'],
    'docs/security.md': ['Who may in'],
    'docs/operations.md': ['Traces'],
    'examples/node-service/README.md': ['A service in Node, with graphql-ws'],
    'examples/pothos-yoga/README.md': ['A stream in a Pothos and Yoga server, 2'],
  },
  'test/readme/contributing.test.ts': { 'CONTRIBUTING.md': ['Contributing'] },
  'test/readme/clients.test.ts': {
    'docs/clients.md': [
      'What resumes, and how',
      'graphql-ws',
      'graphql-sse',
      'Apollo Client',
      'A plain HttpLink',
      'Raw `useSubscription`',
      'urql',
      'Graphcache',
      'React',
      'A mirror',
    ],
  },
  'test/readme/library.test.ts': {
    'docs/library.md': [
      'Ten lines',
      'Ten lines, 2',
      'Validation',
      'Several streams',
      'Who may see and do what',
      'The fan-out',
      'Engines',
      'NATS',
      'Redis, Valkey',
      'Testing',
    ],
  },
  'test/readme/docker.test.ts': {
    'docs/docker.md': [
      'Docker',
      'Docker, 2',
      'As it should run',
      'As it should run, 2',
      'As it should run, 3',
      'Health',
      'Behind a proxy',
      'Behind a proxy, 2',
      'Behind a proxy, 3',
    ],
  },
  'test/readme/engines.test.ts': {
    'docs/engines.md': ['`--data DIR`', '`--data DIR`, 2', '`--nats URL`', '`--nats URL`, 2', 'What survives what'],
    'docs/scaling.md': ['Scaling', 'Several streams'],
  },
  'test/readme/redis.test.ts': {
    'docs/engines.md': ['`--redis URL`', '`--redis URL`, 2', 'A failover', 'What is in Redis'],
  },
  'test/readme/proxies.test.ts': {
    'docs/docker.md': ['Behind a proxy, 4', 'Behind a proxy, 5'],
    'docs/scaling.md': ['Several streams, 2', 'Several streams, 3'],
    'docs/security.md': ['Reverse proxies', 'Reverse proxies, 2'],
  },
  'test/readme/gateways.test.ts': { 'docs/gateways.md': ["What reaches a client, and what doesn't", 'Hive Gateway'] },
  'test/examples/pages.test.ts': {
    'examples/apollo-react/README.md': ['Apollo Client and React'],
    'examples/event-source/README.md': ['A browser’s EventSource'],
    'examples/urql-react/README.md': ['urql, Graphcache and React'],
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
  it('is run by a test, or said not to be, once', () => {
    const known = [...run.map(({ block }) => block), ...NOT_RUN.filter(({ line }) => !line).map((one) => nameOf(one))];
    expect(known.sort()).toEqual(blocks.map((block) => nameOf(block)).sort());
  });

  it.each(run)('$block: $file names it', ({ file, page, name }) => {
    const source = readFileSync(file, 'utf8');
    const title = name.replace(/, \d$/, '');
    const example = page.startsWith('examples/') && basename(dirname(page));
    const names = example ? [example, page] : [title];
    expect(names.some((one) => source.includes(`'${one}'`) || source.includes(`"${one}"`))).toBe(true);
  });

  it.each(NOT_RUN.filter(({ line }) => line))('$page: has the line that isn’t run: $line', ({ line, ...where }) => {
    const lines = blocks.find((block) => nameOf(block) === nameOf(where))?.code.split('\n') ?? [];
    expect(lines.map((one) => one.replace(/ +#.*$/, '').trim())).toContain(line);
  });

  it('stands between fences', () => {
    const pages = globSync(['*.md', 'docs/*.md', 'examples/*/README.md']);
    const isIndented = (text: string): boolean => /\n\n {4,}\S/.test(text.replaceAll(/^```.*?^```$/gms, ''));
    expect(pages.filter((page) => isIndented(readFileSync(page, 'utf8')))).toEqual([]);
    expect(blocksOf('x', '# A\n\n- a\n  ```\n  b\n  ```\n')).toMatchObject([{ title: 'A', language: '', code: 'b\n' }]);
  });
});
