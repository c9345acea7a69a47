import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
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

it('names only npm scripts that there are', () => {
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

it('has in package.json what a release needs: npm takes no provenance of a package without a repository', () => {
  const { repository, homepage, bugs, keywords } = manifest;
  expect(repository).toMatchObject({ type: 'git' });
  expect(repository.url).toMatch(/^git\+https:\/\/[^/]+\/.+\.git$/);
  const page = repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
  expect({ homepage, bugs }).toEqual({ homepage: `${page}#readme`, bugs: `${page}/issues` });
  expect(keywords).toContain('graphql');
});
