/** Banned patterns in documents, comments, strings and titles (CONTRIBUTING.md, "Language"). */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Prose, proseOf } from './support/prose.ts';

/** Checked: a file, or a folder with all that is below it. */
const ROOTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docs',
  'examples',
  '.github',
  'src',
  'schema',
  'test',
  'bench',
  'scripts',
  'deploy',
];

/** Generated, or full of bad examples. */
const EXCEPT = /^(?:schema\/schema\.graphql|schema\/documents\/|test\/language\.test\.ts)/;

const TEXT = /\.(?:md|ts|tsx|mjs|graphql|ya?ml|css|html)$/;

const FREE_WHO = /^(?:who|whose|whoever|whatever|whichever|whomever)\b/i;

/** "Behind" is for places, and for how far something lags. */
const ALLOWED_BEHIND = [
  /\bbehind (?:(?:an?|the|its|one|another|two|your) )?(?:reverse |load )?(?:proxy|proxies|gateways?|balancers?|routers?|nginx|caddy|haproxy|NAT|firewalls?)\b/gi,
  /\b(?:lag(?:s|ged|ging)?|falls?|fallen|falling|fell|left|far|\d[\d,]*|N|positions?|changes?) behind\b/gi,
  /\bleav(?:e|es|ing)(?: \S+){0,3} behind\b/gi,
  /["'“‘]behind["'”’]/gi,
];

interface Finding {
  readonly line: number;
  readonly what: string;
}

/** The banned patterns in a piece of prose. */
function findingsIn({ text, line, kind }: Prose): Finding[] {
  // Code and addresses are no prose. Line breaks stay, for the line numbers.
  const plain = text
    .replaceAll(/`[^`]*`|\]\([^)]*\)/g, (code) => code.replaceAll(/[^\n]/g, '·'))
    .replaceAll(/\*\*|__/g, '');
  const place = (index: number): number => line + plain.slice(0, index).split('\n').length - 1;
  const found: Finding[] = [];
  for (const { index, 0: sentence } of plain.matchAll(/\S(?:[^.!?]|[.!?](?!["'”’)]*(?:\s|$)))*[.!?]*/g)) {
    const isFirst = plain.slice(0, index).trim() === '';
    const start = sentence.replace(/^["'“‘(]+/, '');
    // A word or two in a string is a name or a value.
    const isProse = kind !== 'string' || sentence.split(/\s+/).length > 2;
    if (isProse && FREE_WHO.test(start) && (isFirst || start.startsWith('W')) && !/\?["'”’)]*$/.test(sentence))
      found.push({
        line: place(index),
        what: `a free "${start.split(/\W/)[0]}" begins a sentence: ${shown(sentence)}`,
      });
  }
  for (const { index } of plain.matchAll(/\banew\b/gi))
    found.push({ line: place(index), what: `"anew": ${shown(plain.slice(Math.max(0, index - 40), index + 20))}` });
  const places = ALLOWED_BEHIND.reduce(
    (rest, allowed) => rest.replaceAll(allowed, (all) => '·'.repeat(all.length)),
    plain,
  );
  for (const { index } of kind === 'string' && !/\s/.test(text.trim()) ? [] : places.matchAll(/\bbehind\b/gi))
    found.push({
      line: place(index),
      what: `"behind" that means after: ${shown(plain.slice(Math.max(0, index - 40), index + 30))}`,
    });
  return found;
}

const shown = (text: string): string => text.replaceAll(/\s+/g, ' ').trim().slice(0, 80);

const check = (file: string, text: string): Finding[] => proseOf(file, text).flatMap(findingsIn);

describe('the checker', () => {
  const isBad = (text: string, file = 'README.md'): boolean => check(file, text).length > 0;

  it.each([
    'Who has nothing yet joins again.',
    'It waits. Whoever comes later gets it.',
    '**Origins.** Whatever it is, it goes.',
    '## Who may in',
    '- whose turn it was goes on',
    '| who could want what | x |',
    'A map is built anew.',
    'It goes on right behind C.',
    'A cursor behind the cutoff is new.',
    'The first line\nis fine. Whichever comes second\nis not.',
  ])('a document with %j is bad', (text) => {
    expect(isBad(text)).toBe(true);
  });

  it.each([
    'A client that has nothing joins again.',
    'Who waits for what?',
    'It asks who is there.',
    'A server behind a proxy, behind the load balancer, behind nginx.',
    'A reader that falls behind the window, or is 3 behind, lags behind.',
    'Write "behind" for places.',
    'Renewed.',
    '`Who` is a name, and `behind` as well.',
    '<!-- examples of what not to write -->\n\n| Who may in | Authentication |\n| --- | --- |\n| built anew | built again |\n',
  ])('a document with %j is good', (text) => {
    expect(isBad(text)).toBe(false);
  });

  it.each([
    '// Who has left is gone.\n',
    '/** A door.\n * Whoever comes is let in. */\n',
    'const a = 1; // built anew\n',
    "it('whoever comes is let in', () => {});",
    'const text = `goes on behind ${cursor}`;',
    'const wide = /"/.test(a); // Whose quote it is does not matter.\n',
  ])('a source with %j is bad', (text) => {
    expect(isBad(text, 'a.ts')).toBe(true);
  });

  it.each([
    "const who = { whose: 'who', behind: 1 };",
    "it('a client comes back', () => {});",
    '// A proxy: see behind a proxy.\n',
    'const pattern = /who has|behind/;',
    "headers.get('behind');",
  ])('a source with %j is good', (text) => {
    expect(isBad(text, 'a.ts')).toBe(false);
  });

  it('a finding has its line, also inside a comment and after a bad example', () => {
    const text =
      '<!-- examples of what not to write -->\n\n| Who |\n| --- |\n| Who |\n\nGood.\n\nGood.\nWho comes goes.\n';
    expect(check('README.md', text)).toMatchObject([{ line: 10 }]);
    expect(check('a.ts', 'a;\n/**\n * Good.\n *\n * Good. Who\n * comes goes.\n */\n')).toMatchObject([{ line: 5 }]);
    expect(check('README.md', 'Good.\n\n```ts\n// Good.\n// Who comes goes.\n```\n')).toMatchObject([{ line: 5 }]);
  });
});

it('no document, comment, string or title has a banned pattern', () => {
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' }).split('\n');
  const texts = files.filter((file) => TEXT.test(file) && !EXCEPT.test(file) && existsSync(file));
  const isBelow = (file: string, root: string): boolean => file === root || file.startsWith(`${root}/`);
  const parts = ROOTS.map((root) => {
    const own = texts.filter((file) => isBelow(file, root));
    const found = own.flatMap((file) =>
      check(file, readFileSync(file, 'utf8')).map(({ line, what }) => `${file}:${line}: ${what}`),
    );
    return { root, found, files: own.length };
  });
  expect(parts.filter(({ files: count }) => count === 0)).toEqual([]);
  const bad = parts.filter(({ found }) => found.length > 0);
  const counts = bad.map(({ root, found }) => `${root}: ${found.length}`).join(', ');
  expect.soft(counts, bad.flatMap(({ found }) => found).join('\n')).toBe('');
});
