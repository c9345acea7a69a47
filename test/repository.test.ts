import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Readonly<Record<string, unknown>> & {
  readonly scripts: Readonly<Record<string, string>>;
  readonly repository: { readonly type: string; readonly url: string };
};
const { scripts } = manifest;
const templates = ['.github/workflows/*.yml', '.github/ISSUE_TEMPLATE/*.yml'];

it.each(globSync(templates))('%s is YAML with a name', (file) => {
  const { name, contact_links: links } = parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  expect(name ?? links).toBeTruthy();
});

it('the documents name only npm scripts that exist', () => {
  const texts = globSync([...templates, 'CONTRIBUTING.md', 'README.md', 'docs/*.md']).map((file) => [
    file,
    readFileSync(file, 'utf8'),
  ]);
  const named = texts.flatMap(([file, text]) =>
    [...(text ?? '').matchAll(/\bnpm run (?:-s |--silent )?([a-z][\w:-]*)/g)].map(([, script]) => `${file} ${script}`),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !((name.split(' ')[1] ?? '') in scripts))).toEqual([]);
});

it('package.json names the repository, which npm needs for provenance', () => {
  const { repository, homepage, bugs, keywords } = manifest;
  expect(repository).toMatchObject({ type: 'git' });
  expect(repository.url).toMatch(/^git\+https:\/\/[^/]+\/.+\.git$/);
  const page = repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
  expect({ homepage, bugs }).toEqual({ homepage: `${page}#readme`, bugs: `${page}/issues` });
  expect(keywords).toContain('graphql');
});

it('the lockfile has only packages in node_modules: npm ci --omit=dev installs the dependencies of others', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Readonly<Record<string, unknown>>;
  };
  const paths = Object.keys(packages);
  expect(paths.length).toBeGreaterThan(100);
  expect(paths.filter((path) => path !== '' && !path.startsWith('node_modules/'))).toEqual([]);
});

it('each folder that a script installs with --with has a lockfile of its own', () => {
  const folders = Object.values(scripts).flatMap((script) =>
    [...script.matchAll(/--with (\S+)/g)].map(([, name = '']) => name),
  );
  expect(folders).toHaveLength(2);
  for (const folder of folders) expect(existsSync(join(folder, 'package-lock.json'))).toBe(true);
});

describe('no file names something that the repository does not have', () => {
  const TEXT = /\.(?:md|ts|tsx|mjs|json|ya?ml|css|html|graphql|cfg|conf)$|(?:^|\/)(?:Dockerfile|run)$/;
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
    .split('\n')
    // This file names what others must not name.
    .filter((file) => TEXT.test(file) && !/package-lock|^test\/repository\.test/.test(file) && existsSync(file));
  const texts = files.map((file) => ({ file, text: readFileSync(file, 'utf8').replaceAll(/https?:\/\/\S+/g, '') }));

  const found = (pattern: RegExp, isThere: (name: string, file: string) => boolean = () => false): string[] => {
    const all = texts.flatMap(({ file, text }) => [...text.matchAll(pattern)].map(([name]) => ({ name, file })));
    // A pattern that matches nothing checks nothing.
    if (isThere.length > 0) expect(all.length).toBeGreaterThan(20);
    return all.filter(({ name, file }) => !isThere(name, file)).map(({ name, file }) => `${name} in ${file}`);
  };

  it('each named document exists', () => {
    // Of graphql-ws and graphql-sse.
    const theirs = new Set(['PROTOCOL.md']);
    const isThere = (name: string, file: string): boolean =>
      theirs.has(name) || [name, join(dirname(file), name), join('docs', name)].some((path) => existsSync(path));
    expect(found(/(?<![\w*}/.-])(?:[\w-]+\/|\.\.?\/)*[\w-]+\.md\b/g, isThere)).toEqual([]);
  });

  it('each named source, test and tool exists', () => {
    const isThere = (name: string): boolean => globSync(name).length > 0;
    const path =
      /(?<![\w}./-])(?:src|schema|test|bench|scripts|docs|examples|deploy)\/[\w./*-]+\.(?:md|ts|tsx|mjs|graphql|cfg|yaml)\b/g;
    expect(found(path, (name) => isThere(name))).toEqual([]);
  });

  it('no section, contract or specification is named that is not public', () => {
    expect(found(/(?<!RFC \d+, )\bsection \d+(?:\.\d+)*/gi)).toEqual([]);
    expect(found(/\b(?:the|our) contract\b|\bcontract['’]s\b|\bcontract\.md\b/gi)).toEqual([]);
  });

  it('each named guarantee is defined in docs/guarantees.md', () => {
    const [, ...numbers] = readFileSync('docs/guarantees.md', 'utf8').match(/^\*\*G\d+ /gm) ?? [];
    const last = numbers.length + 1;
    expect(found(/\bG\d{1,2}\b/g, (name) => Number(name.slice(1)) >= 1 && Number(name.slice(1)) <= last)).toEqual([]);
  });

  it('each link leads to an existing file and heading', () => {
    const slug = (heading: string): string =>
      heading
        .replace(/^#+ /, '')
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-');
    const headings = new Map(
      texts
        .filter(({ file }) => file.endsWith('.md'))
        .map(({ file, text }) => [file, new Set(text.match(/^#{1,6} .*$/gm)?.map(slug))]),
    );
    const links = [...headings.keys()].flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)/g)].map(
        ([, path = '', anchor]) => ({ file, target: path ? join(dirname(file), path) : file, anchor }),
      ),
    );
    expect(links.filter(({ anchor }) => anchor !== undefined).length).toBeGreaterThan(5);
    const dead = links.filter(
      ({ target, anchor }) =>
        !existsSync(target) || (anchor !== undefined && headings.get(target)?.has(anchor) === false),
    );
    expect(dead).toEqual([]);
  });
});

it('each tarball that a document names is of this version', () => {
  const texts = globSync(['README.md', 'docs/*.md', 'examples/*/README.md']).map((file) => readFileSync(file, 'utf8'));
  const versions = texts.flatMap((text) =>
    [...text.matchAll(/seamline-(?:[a-z]+-)?([\d.]+)\.tgz/g)].map(([, one]) => one),
  );
  expect(new Set(versions)).toEqual(new Set([manifest['version']]));
});

describe('README.md', () => {
  const readme = readFileSync('README.md', 'utf8');

  it('has at most 140 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(140);
  });

  it('links each guide, and names the version', () => {
    const linked = new Set([...readme.matchAll(/\]\((docs\/[\w-]+\.md)/g)].map(([, file]) => file));
    expect(linked).toEqual(new Set(globSync('docs/*.md')));
    expect(readme).toContain(`version ${String(manifest['version'])}.`);
  });
});
