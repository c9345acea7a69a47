/**
 * Each code block of the documents, by its language, whichever page it is on. Those that are programs of ours are run besides: of
 * README.md, docs/clients.md, docs/library.md and the examples, by the tests beside this one and in test/examples.
 */
import { transform } from 'esbuild';
import { buildSchema, parse as parseGraphQL, validate } from 'graphql';
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { runCli } from '../support/processes.ts';
import { findOnPath } from '../support/programs.ts';
import { complaintsOf } from '../support/readme.ts';

const run = promisify(execFile);

interface Block {
  readonly where: string;
  readonly language: string;
  readonly code: string;
}

const pages = globSync(['*.md', 'docs/*.md', 'examples/*/README.md']).sort();
const blocks = pages.flatMap((page) =>
  [...readFileSync(page, 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(
    ([, language = '', code = ''], n): Block => ({ where: `${page}, block ${n + 1}`, language, code }),
  ),
);
const of = (...languages: readonly string[]): [string, string][] =>
  blocks.filter(({ language }) => languages.includes(language)).map(({ where, code }) => [where, code]);

it('is of a language that is known here', () => {
  const known = 'caddyfile graphql haproxy html js nginx sh ts tsx yaml'.split(' ');
  expect(blocks.filter(({ language }) => !known.includes(language))).toEqual([]);
  expect(blocks.length).toBeGreaterThan(40);
});

it.each(of('ts', 'tsx', 'js'))('%s: has no mistake of syntax', async (_where, code) => {
  await transform(code, { loader: 'tsx', format: 'esm' });
});

it.each(of('ts').filter(([where, code]) => where.startsWith('docs/engines.md') && code.includes('seamline')))(
  '%s: is right for the compiler',
  async (_where, code) => {
    expect(await complaintsOf(code, 'es2024')).toBe('');
  },
);

it.each(of('yaml'))('%s: is YAML', (_where, code) => {
  expect(typeof parseYaml(code)).toBe('object');
});

it.each(
  of('graphql').filter(
    ([where, code]) => !where.startsWith('examples') && /^\s*(query|mutation|subscription)\b/.test(code),
  ),
)('%s: is valid against the schema', (_where, code) => {
  expect(validate(buildSchema(readFileSync('schema/schema.graphql', 'utf8')), parseGraphQL(code))).toEqual([]);
});

describe('what is typed into a shell', () => {
  it('has only flags that there are', async () => {
    const commands = ['serve', 'insert', 'tail', 'verify', 'bench'];
    const helps = await Promise.all(commands.map((command) => runCli([command, '--help'])));
    const known = new Set(['--help', ...helps.flatMap(({ stdout }) => stdout.match(/--[a-z][a-z-]+/g) ?? [])]);
    const lines = of('sh').flatMap(([where, code]) =>
      code
        .replaceAll('\\\n', ' ')
        .split('\n')
        // Behind the name of the image, or of the command, flags are ours.
        .flatMap((line) => (line.startsWith('nats ') ? [] : line.split('|')))
        .map(
          (line) => /.*(?:npm start(?: --silent)? -- |(?:^|\s)seamline )(.*?)(?:[<#&]|$)/.exec(`${line} `)?.[1] ?? '',
        )
        .map((rest) => ({ where, unknown: (rest.match(/--[a-z][a-z-]+/g) ?? []).filter((flag) => !known.has(flag)) })),
    );
    expect(lines.filter(({ unknown }) => unknown.length > 0)).toEqual([]);
    expect(known.size).toBeGreaterThan(30);
  });
});

/** Without the program its blocks are skipped; in CI they fail. */
const isMissing = (program: string): boolean => findOnPath(program) === undefined && process.env['CI'] === undefined;

/** Checks a file as the program itself does. */
async function checked(name: string, text: string, program: string, args: (file: string) => string[]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'seamline-block-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, name);
  // Names that only resolve in the user's network.
  await writeFile(file, text.replaceAll('seamline:4000', '127.0.0.1:4000').replaceAll('DIRECTORY', directory));
  await run(program, args(file));
}

it.skipIf(isMissing('nginx')).each(of('nginx').filter(([, code]) => code.includes('location')))(
  '%s: nginx takes it',
  (_where, code) =>
    checked(
      'nginx.conf',
      `pid DIRECTORY/pid; error_log stderr; events {} http { access_log off; client_body_temp_path DIRECTORY/a; proxy_temp_path DIRECTORY/b;
     fastcgi_temp_path DIRECTORY/c; uwsgi_temp_path DIRECTORY/d; scgi_temp_path DIRECTORY/e;
     map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
     server { listen unix:DIRECTORY/socket; ${code}
     } }`,
      'nginx',
      (file) => ['-t', '-q', '-c', file],
    ),
);

it.skipIf(isMissing('haproxy')).each(of('haproxy'))('%s: HAProxy takes it', (_where, code) =>
  checked(
    'haproxy.cfg',
    `defaults\n  mode http\n  timeout client 1m\n  timeout server 1m\n  timeout connect 1s\nfrontend f\n  bind 127.0.0.1:8080\n${code}
backend orders\n  server a 127.0.0.1:4001\nbackend prices\n  server b 127.0.0.1:4002\n`,
    'haproxy',
    (file) => ['-c', '-q', '-f', file],
  ),
);

it.skipIf(isMissing('caddy')).each(of('caddyfile'))('%s: Caddy takes it', (_where, code) =>
  checked('Caddyfile', code, 'caddy', (file) => ['adapt', '--adapter', 'caddyfile', '--config', file]),
);
