/** `seamline insert`: inserts an item for each line of JSON. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { parseArguments, SERVER_FLAGS, SERVER_HELP, addressOf, UsageError } from '../process/arguments.ts';
import { readInput } from './input.ts';
import { InputQueue } from './input-queue.ts';
import { type Line, Lines } from './lines.ts';
import { Progress, progressLine, summaryLine } from '../process/progress.ts';
import { InsertError, Sender } from './sender.ts';
import { onEndSignal } from '../process/signals.ts';

export const HELP = `seamline insert: inserts an item for each line of JSON

  seamline insert items.ndjson
  echo '{"key":"greeting","value":{"text":"hello"},"ttl":60}' | seamline insert

Reads FILE or stdin. Each line has a "key", a "value" and, if the item shall expire, a "ttl" in seconds. An "expiresAt" replaces a missing
ttl and other fields are ignored, so that the output of \`seamline tail\` can be inserted.

Lines are inserted in their order, each exactly once, even when the connection breaks: the command retries until the server is back. A line
that cannot be inserted is reported with its number and the others are still inserted; the exit code is then 1.

${SERVER_HELP}
`;

/** The exit codes by which shells recognise an end by a signal. */
const EXIT_CODES: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Resolves with the exit code. Throws `UsageError`. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, SERVER_FLAGS, { allowPositionals: true });
  const address = addressOf(values);
  if (positionals.length > 1) throw new UsageError(`insert takes one FILE, not ${positionals.length}`);
  const { source, totalBytes } = await sourceOf(positionals[0]);

  const since = performance.now();
  const tally = { items: 0, refused: 0, expired: 0, bytes: 0 };
  const elapsedMs = (): number => performance.now() - since;
  const progress = new Progress(process.stderr, () => progressLine(tally, { elapsedMs: elapsedMs(), totalBytes }));
  const stop = new AbortController();
  const queue = new InputQueue();
  stop.signal.addEventListener('abort', () => queue.close());
  let code = 0;
  const refuse = (line: number, reason: string): void => {
    code ||= 1;
    tally.refused++;
    progress.say(`line ${line}: ${reason}`);
  };
  onEndSignal(
    (signal) => {
      code = EXIT_CODES[signal] ?? 1;
      progress.say(`seamline: ending after the batch in flight; send ${signal} again to end at once`);
      stop.abort();
    },
    (signal) => process.exit(EXIT_CODES[signal]),
  );

  const sender = new Sender({
    address,
    signal: stop.signal,
    onInserted(inputs) {
      tally.items += inputs.length;
      tally.bytes = inputs.at(-1)?.end ?? tally.bytes;
    },
    onRefused: ({ line }, reason) => refuse(line, reason),
    onWaiting: (reason) => progress.say(`seamline: ${reason}; trying again`),
  });
  const runId = randomBytes(9).toString('base64url');
  const take = (line: Line): void => {
    const reading = readInput(line, runId, Date.now());
    if (reading.kind === 'input') queue.add(reading.input);
    else if (reading.kind === 'bad') refuse(line.number, reading.problem);
    else if (reading.kind === 'expired') tally.expired++;
  };
  const read = async (): Promise<void> => {
    const lines = new Lines();
    const takeAll = async (chunk: Iterable<Line>): Promise<void> => {
      for (const line of chunk) {
        take(line);
        while (queue.isFull) await queue.taken();
      }
      if (process.stderr.writableNeedDrain) await once(process.stderr, 'drain');
    };
    for await (const chunk of addAbortSignal(stop.signal, source)) await takeAll(lines.in(chunk as Buffer));
    await takeAll(lines.last());
    queue.end();
  };
  const send = async (): Promise<void> => {
    for (let inputs = await queue.take(sender.limits); inputs; inputs = await queue.take(sender.limits))
      await sender.send(inputs);
  };

  const work = [read(), send()];
  try {
    await Promise.all(work);
  } catch (error) {
    if (!stop.signal.aborted) {
      code = 1;
      progress.say(`seamline: ${messageOf(error)}`);
      stop.abort();
    }
    await Promise.allSettled(work);
  }
  progress.end();
  progress.say(summaryLine(tally, elapsedMs()));
  return code;
}

/** Throws `UsageError` for a file that can't be read. */
async function sourceOf(path: string | undefined): Promise<{ source: Readable; totalBytes: number | undefined }> {
  if (path === undefined || path === '-') return { source: process.stdin, totalBytes: undefined };
  try {
    const file = await open(path);
    const status = await file.stat();
    if (status.isDirectory()) throw new Error('is a directory');
    return { source: file.createReadStream(), totalBytes: status.isFile() ? status.size : undefined };
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // `ENOENT: no such file or directory, open 'x'`: the caller names the file already.
  return error instanceof InsertError ? message : message.replace(/^[A-Z]+: (.*), \w+(?: '.*')?$/, '$1');
}
