import type { LogEntry, LogListener, OrderedLog } from '../../src/core/replication/ordered-log.ts';
import type { Sequence } from '../../src/core/model/position.ts';

/** Collects what it is told, and says when there is enough of it. */
export class Collector implements LogListener {
  readonly held: LogEntry[] = [];
  readonly reasons: string[] = [];
  #isEnough: () => boolean = () => false;
  #resolve: () => void = () => {};
  readonly #broken = Promise.withResolvers<string>();

  entries(batch: readonly LogEntry[]): void {
    this.held.push(...batch);
    if (this.#isEnough()) this.#resolve();
  }

  broken(reason: string): void {
    this.reasons.push(reason);
    this.#broken.resolve(reason);
  }

  /** Once it was told that the log is broken: why. */
  untilBroken(): Promise<string> {
    return this.#broken.promise;
  }

  /** Once it has the entry of a sequence. */
  async until(sequence: number): Promise<void> {
    this.#isEnough = () => (this.held.at(-1)?.sequence ?? 0) >= sequence;
    if (!this.#isEnough()) await new Promise<void>((resolve) => (this.#resolve = resolve));
  }

  get sequences(): number[] {
    return this.held.map(({ sequence }) => sequence);
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

export async function follow(log: OrderedLog, from: number): Promise<Collector & { stop: () => void }> {
  const collector = new Collector();
  return Object.assign(collector, { stop: await log.follow(at(from), collector) });
}
