/** `seamline insert`: inserts an item for each line of JSON. */
import { randomBytes } from 'node:crypto';
import { once as event } from 'node:events';
import { open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { addressOf, helpOf, parseArguments, UsageError } from '../process/arguments.ts';
import { COLLECTION_FLAGS } from '../process/command-flags.ts';
import { collectionOf, once } from '../request/collection.ts';
import { foreignFormat, isBlank } from './format.ts';
import { InputQueue } from './input-queue.ts';
import { type Line, Lines } from './lines.ts';
import { Progress, progressLine, summaryLine } from '../process/progress.ts';
import { InsertError, Sender } from './sender.ts';
import { type Target, targetOf } from './target.ts';
import { EXIT_CODES, onEndSignal } from '../process/signals.ts';

export const HELP = `seamline insert: inserts an item for each line of JSON

  seamline insert items.ndjson
  echo '{"key":"greeting","value":{"text":"hello"},"ttl":60}' | seamline insert

Reads FILE or stdin. Each line has a "key", a "value" and, if the item shall expire, a "ttl" in seconds. An "expiresAt" replaces a missing
ttl and other fields are ignored, so that the output of \`seamline tail\` can be inserted. For a collection of an SDL file each line has the
fields of its input instead of a "key" and a "value".

Lines are inserted in their order, each exactly once, even when the connection breaks: the command retries until the server is back. A line
that cannot be inserted is reported with its number and the others are still inserted; the exit code is then 1. A compressed file or a JSON
array is refused as a whole:

  gunzip -c items.ndjson.gz | seamline insert
  jq -c '.[]' array.json | seamline insert

${helpOf(COLLECTION_FLAGS)}
`;

/** Resolves with the exit code. Throws `UsageError`. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, COLLECTION_FLAGS, { allowPositionals: true });
  const { collection, schema, ...given } = values;
  const address = addressOf(given);
  if (positionals.length > 1) throw new UsageError(`insert takes one FILE, not ${positionals.length}`);
  const { source, totalBytes } = await sourceOf(positionals[0]);
  const runId = randomBytes(9).toString('base64url');
  const target = once(async () =>
    targetOf(await collectionOf(address, { collection, schema, mustBeThere: true }), runId),
  );
  // Without a choice the server is asked when there is a line: it may start later than a source that has no line yet.
  if (collection !== undefined || schema !== undefined) await target();

  const since = performance.now();
  const tally = { items: 0, refused: 0, expired: 0, bytes: 0 };
  const elapsedMs = (): number => performance.now() - since;
  const progress = new Progress(process.stderr, () => progressLine(tally, { elapsedMs: elapsedMs(), totalBytes }));
  const stop = new AbortController();
  const queue = new InputQueue();
  stop.signal.addEventListener('abort', () => queue.close());
  let code = 0;
  const hints = new Set<string>();
  const refuse = (line: number, reason: string, hint?: string): void => {
    code ||= 1;
    tally.refused++;
    progress.say(`line ${line}: ${reason}${hint === undefined || hints.has(hint) ? '' : `: ${hint}`}`);
    // Once is enough, because all lines may have the same problem.
    if (hint !== undefined) hints.add(hint);
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
    target,
    signal: stop.signal,
    onInserted(inputs) {
      tally.items += inputs.length;
      tally.bytes = inputs.at(-1)?.end ?? tally.bytes;
    },
    onRefused: ({ line }, reason) => refuse(line, reason),
    onWaiting: (reason) => progress.say(`seamline: ${reason}; trying again`),
  });
  const take = (line: Line, { read }: Target): void => {
    const reading = read(line, Date.now());
    if (reading.kind === 'input') queue.add(reading.input);
    else if (reading.kind === 'bad') refuse(line.number, reading.problem, reading.hint);
    else if (reading.kind === 'expired') tally.expired++;
  };
  const read = async (): Promise<void> => {
    const lines = new Lines();
    let known: Target | undefined;
    const takeAll = async (chunk: Iterable<Line>): Promise<void> => {
      for (const line of chunk) {
        if (line.text === '' && line.problem === undefined) continue;
        take(line, (known ??= await target()));
        while (queue.isFull) await queue.taken();
      }
      if (process.stderr.writableNeedDrain) await event(process.stderr, 'drain');
    };
    let hasBegun = false;
    for await (const chunk of addAbortSignal(stop.signal, source) as AsyncIterable<Buffer>) {
      if (!hasBegun) {
        assertLines(chunk, positionals[0]);
        hasBegun = !isBlank(chunk);
      }
      await takeAll(lines.in(chunk));
    }
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

/** Throws `InsertError` for a source of another format, of which each line would be wrong. */
function assertLines(chunk: Buffer, path = '-'): void {
  const format = foreignFormat(chunk);
  if (!format) return;
  const { what, remedy } = format;
  if (path === '-') throw new InsertError(`stdin is ${what}: pipe it through ${remedy} first`);
  const quoted = /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
  throw new InsertError(`${path} is ${what}: run ${remedy} ${quoted} | seamline insert`);
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
