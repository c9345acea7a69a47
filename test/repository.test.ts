import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Readonly<Record<string, string>> };
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
