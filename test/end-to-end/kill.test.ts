/**
 * A server is killed with SIGKILL at random moments during writes. Every answered insertion is there once, at the answered cursor, and every
 * subscription that resumes by cursor receives the whole history in order and without a repeat (G2, G3, G4, G7).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Dice } from '../support/random/dice.ts';
import { temporaryDirectory } from '../support/engines/kept.ts';
import { openStream } from '../support/clients/streams.ts';

const KILLS = 20;
const WRITERS = 8;
const KEYS = 30;

interface Answer {
  readonly key: string;
  readonly value: string;
  readonly cursor: string;
}

/** A server that runs until it is killed. */
async function startProcess(directory: string): Promise<{ url: string; kill: () => Promise<void> }> {
  const program = new URL('../support/engines/kept-server.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, directory, '20000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  let url = '';
  child.stdout.setEncoding('utf8');
  for await (const chunk of child.stdout) {
    url += String(chunk);
    if (url.endsWith('\n')) break;
  }
  if (!url.endsWith('\n')) throw new Error('it ended before it was ready');
  return {
    url: url.trim(),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

const INSERT = `mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key value cursor } }`;

/** Resolves with undefined when there was no answer: the insertion may have been written or not. */
async function insert(url: string, inputs: readonly object[]): Promise<Answer[] | undefined> {
  try {
    const body = JSON.stringify({ query: INSERT, variables: { inputs } });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body });
    const { data } = (await response.json()) as { data?: { insertItems: Answer[] } };
    return data?.insertItems;
  } catch {
    return undefined;
  }
}

/** Reads over SSE until it is cut, and resumes after its last item. */
class Reader {
  readonly items: Answer[] = [];
  #text = '';

  async read(url: string): Promise<void> {
    const after = this.items.at(-1)?.cursor;
    const query = 'subscription ($after: String) { items(after: $after) { key value cursor } }';
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
    const init = { method: 'POST', headers, body: JSON.stringify({ query, variables: { after } }) };
    try {
      const stream = await openStream(url, init);
      this.#text = '';
      await stream.until((text) => {
        this.#take(text);
        return false;
      });
    } catch {
      // The connection was cut.
    }
  }

  #take(text: string): void {
    const whole = text.slice(this.#text.length, text.lastIndexOf('\n\n') + 2);
    for (const [, json = ''] of whole.matchAll(/^data: (.+)$/gm)) {
      const { data } = JSON.parse(json) as { data?: { items: Answer } };
      if (data) this.items.push(data.items);
    }
    this.#text += whole;
  }
}

describe('a server that is killed', () => {
  it(`a server that is killed ${KILLS} times at random moments loses no answered insertion and repeats nothing`, async () => {
    const dice = new Dice(Number(process.env['KILL_SEED'] ?? Date.now()));
    const directory = temporaryDirectory();
    const answered: Answer[] = [];
    const sent = new Set<string>();
    const readers = Array.from({ length: 3 }, () => new Reader());
    let count = 0;
    let answers = (): void => {};

    let isOver = false;

    /** Inserts items one after the other until there is no answer. */
    const write = async (url: string, writer: number): Promise<void> => {
      while (!isOver) {
        const inputs = Array.from({ length: 1 + dice.below(5) }, () => {
          const value = `${writer}-${count++}`;
          sent.add(value);
          return { key: `k${dice.below(KEYS)}`, value };
        });
        const items = await insert(url, inputs);
        if (!items) return;
        answered.push(...items);
        answers();
      }
    };

    for (let kill = 0; kill <= KILLS; kill++) {
      const { url, kill: end } = await startProcess(directory);
      const reading = readers.map((reader) => reader.read(url));
      const writing = Array.from({ length: WRITERS }, (_, writer) => write(url, writer));
      // The moment of the kill is a number of answers, so that no clock decides.
      const enough = answered.length + 20 + dice.below(400);
      while (answered.length < enough) await new Promise<void>((resolve) => (answers = resolve));
      if (kill === KILLS) {
        isOver = true;
        await Promise.all(writing);
        await expect.poll(() => readers.every(({ items }) => hasAll(items, answered)), { timeout: 60_000 }).toBe(true);
      }
      await end();
      await Promise.all([...writing, ...reading]);
    }

    // The window holds everything, so every reader has every change.
    for (const { items } of readers) {
      const cursors = items.map(({ cursor }) => cursor);
      expect(cursors).toEqual([...new Set(cursors)].toSorted());
      expect(new Set(items.map(({ value }) => value)).size).toBe(items.length);
      expect(items.every(({ value }) => sent.has(value))).toBe(true);
    }
    const seen = new Map(readers.flatMap(({ items }) => items.map((item) => [item.cursor, item])));
    for (const answer of answered) expect(seen.get(answer.cursor)).toEqual(answer);
  }, 240_000);
});

function hasAll(items: readonly Answer[], answered: readonly Answer[]): boolean {
  const newest = answered.reduce((cursor, answer) => (answer.cursor > cursor ? answer.cursor : cursor), '');
  return (items.at(-1)?.cursor ?? '') >= newest;
}
