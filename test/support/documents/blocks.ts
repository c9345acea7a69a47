/** The code blocks of the documents, each with its page and the heading above it. */
import { globSync, readFileSync } from 'node:fs';
import { NOT_RUN } from './not-run.ts';

export interface Block {
  readonly page: string;
  readonly title: string;
  /** Its number below the same heading, from 1. */
  readonly nth: number;
  /** Empty if none is named. */
  readonly language: string;
  readonly code: string;
}

export const blocks: readonly Block[] = globSync(['*.md', 'docs/*.md', 'examples/*/README.md'])
  .sort()
  .flatMap((page) => blocksOf(page, readFileSync(page, 'utf8')));

export function blocksOf(page: string, text: string): Block[] {
  const found: Block[] = [];
  let title = '';
  let open: { indent: string; fence: string; language: string; lines: string[] } | undefined;
  for (const line of text.split('\n')) {
    const [, indent = '', fence = '', language = ''] = /^(\s*)(`{3,}|~{3,})\s*(\S*)/.exec(line) ?? [];
    if (open && fence.startsWith(open.fence) && language === '') {
      const nth = 1 + found.filter((one) => one.title === title).length;
      const code = open.lines.map((inner) => `${inner}\n`).join('');
      found.push({ page, title, nth, language: open.language, code });
      open = undefined;
    } else if (open) open.lines.push(line.slice(open.indent.length));
    else if (fence !== '') open = { indent, fence, language, lines: [] };
    else title = /^#+ (.*)$/.exec(line)?.[1] ?? title;
  }
  return found;
}

export function codeOf(page: string, title: string, nth = 1): string {
  const found = blocks.find((block) => block.page === page && block.title === title && block.nth === nth);
  if (!found) throw new Error(`${page} has no block ${nth} below "${title}"`);
  return found.code;
}

/**
 * The commands of a block, one by one, without comments, without a trailing `&`, and without those that are not run.
 * `count`: the expected number, so that a further command does not go unnoticed.
 */
export function commandsOf(count: number, page: string, title: string, nth = 1): string[] {
  const lines = codeOf(page, title, nth)
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  const commands = lines
    .map((line) => line.replace(/(?:^|\s+)#.*$/, '').replace(/\s*&$/, ''))
    .filter((line) => line !== '' && !NOT_RUN.some((one) => one.page === page && one.line === line));
  if (commands.length === count) return commands;
  throw new Error(`${page}, "${title}" has ${commands.length} commands to run, not ${count}: ${commands.join('; ')}`);
}

/** Replaces a reader's addresses and names by those of the test. Each must occur. */
export function put(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`there is no ${from} in ${before}`);
    return before.replaceAll(from, to);
  }, text);
}
