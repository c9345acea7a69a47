/**
 * Runs the blocks of a page from top to bottom, as a reader types them. A block of JSON, or without a language, is the output of the command
 * above it. A snippet shows its output in comments: at the end of a line that prints, or below the code.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { printed } from '../processes/shell.ts';
import type { Block } from './blocks.ts';
import { bundle } from './readme.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const HOST = '127.0.0.1:4000';
const CURSOR = /\b[a-z\d]{12}-[a-z\d]+-[a-z\d]{7}\b/g;
const TIME = /\b\d{4}-\d\d-\d\dT[\d:.]+Z/g;

export class Transcript {
  readonly #host: string;
  readonly #setup: string;
  /** By cursor of the page, the cursor of this run in the same place. */
  readonly #cursors = new Map<string, string>();
  #output = '';

  /** `setup`: the code that snippets continue. */
  constructor(url: string, setup: string) {
    this.#host = new URL(url).host;
    this.#setup = setup;
  }

  async run({ language, code }: Block): Promise<void> {
    if (language === 'sh') this.#output = await printed(this.#adapted(code));
    else if (language === 'ts') await this.#runSnippet(code);
    else this.#expectOutput(code, this.#output, language === 'json');
  }

  async #runSnippet(code: string): Promise<void> {
    const output = await outputOf(await bundle(this.#adapted(continued(code, this.#setup)), 'node'));
    this.#expectOutput(outputIn(code), output, false);
  }

  #expectOutput(shown: string, output: string, isJson: boolean): void {
    const actual = output.match(CURSOR) ?? [];
    for (const [index, cursor] of (shown.match(CURSOR) ?? []).entries())
      if (!this.#cursors.has(cursor)) this.#cursors.set(cursor, actual[index] ?? 'no cursor');
    const comparable = (one: string): unknown => {
      const timeless = one.replaceAll(TIME, 'a time');
      return isJson ? JSON.parse(timeless) : withoutComments(timeless);
    };
    expect(comparable(output)).toEqual(comparable(this.#adapted(shown)));
  }

  /** The page's text with the host and the cursors of this run. */
  #adapted(shown: string): string {
    return shown.replaceAll(HOST, this.#host).replaceAll(CURSOR, (cursor) => this.#cursors.get(cursor) ?? cursor);
  }
}

/** A snippet with the code that it continues. */
export const continued = (code: string, setup: string): string =>
  /\bclient\./.test(code) && code !== setup ? `${setup}\n${code}` : code;

/** The output that a snippet shows. */
function outputIn(code: string): string {
  const lines = code.trimEnd().split('\n');
  const below = lines.slice(lines.findLastIndex((line) => !line.startsWith('// ')) + 1);
  const shown = lines.flatMap((line) => /console\.log\(.* \/\/ (.+)$/.exec(line)?.[1] ?? []);
  return [...shown, ...below.map((line) => line.slice('// '.length))].join('\n');
}

/** A stream of events without its comments, which only keep it open. */
const withoutComments = (output: string): string => output.replaceAll(/^:.*\n+/gm, '').trim();

async function outputOf(module: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-'], { cwd: ROOT });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin.end(module);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  expect({ code: code as unknown, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}
