/** A listener that records what it is told, and short ways to write to a log and follow it. */
import type { LogEntry, LogListener, LogSnapshot, OrderedLog } from '../core/replication/ordered-log.ts';
import type { Sequence } from '../core/model/position.ts';

export class RecordingListener implements LogListener {
  readonly held: LogEntry[] = [];
  /** Why the log is broken. */
  readonly reasons: string[] = [];
  readonly #broken = Promise.withResolvers<string>();
  #changed = Promise.withResolvers<void>();

  entries(batch: readonly LogEntry[]): void {
    this.held.push(...batch);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  broken(reason: string): void {
    this.reasons.push(reason);
    this.#broken.resolve(reason);
  }

  /** Resolves with the reason once the log is broken. */
  untilBroken(): Promise<string> {
    return this.#broken.promise;
  }

  /** Resolves once the entry of a sequence has come. */
  async until(sequence: number): Promise<void> {
    while ((this.held.at(-1)?.sequence ?? 0) < sequence) await this.#changed.promise;
  }

  get sequences(): number[] {
    return this.held.map(({ sequence }) => sequence);
  }

  get texts(): string[] {
    return this.held.map(textOf);
  }
}

export const at = (sequence: number): Sequence => sequence as Sequence;
export const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);
export const textOf = ({ data }: LogEntry): string => Buffer.from(data).toString();

export async function appendTexts(log: OrderedLog, ...texts: readonly string[]): Promise<Sequence[]> {
  const sequences: Sequence[] = [];
  for (const text of texts) sequences.push(await log.append(Buffer.from(text), crypto.randomUUID()));
  return sequences;
}

export async function follow(log: OrderedLog, from: number): Promise<RecordingListener & { stop: () => void }> {
  const listener = new RecordingListener();
  return Object.assign(listener, { stop: await log.follow(at(from), listener) });
}

export async function* inPieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function read({ sequence, commandId, chunks }: LogSnapshot): Promise<[number, string, string]> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return [sequence, commandId, Buffer.concat(parts).toString('latin1')];
}

/** The snapshots of a log: sequence, command id and content. */
export const readSnapshots = async (log: OrderedLog): Promise<[number, string, string][]> =>
  Promise.all((await log.loadSnapshots()).map(read));
