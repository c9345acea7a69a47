/**
 * Runs writers and readers against a server, in rounds of a few seconds. Each round has keys of its own, and is checked and forgotten as it
 * ends, so that a long run needs no more memory than a short one. A round removes what it has inserted.
 */
import { type DescribedCollection, ITEM } from '../../described/described-collection.ts';
import { type Caller, httpCaller, WebSocketCaller } from '../client/caller.ts';
import {
  ANSWER_TIMEOUT_MS,
  type NextNode,
  NoAnswerError,
  request,
  retryUntilAnswered,
  roundRobin,
  UnreachableError,
} from '../client/requests.ts';
import { checkHistories } from '../check/check-histories.ts';
import { type Coverage, cover, deliveriesOf, emptyCoverage } from '../check/coverage.ts';
import { coverMirrors, emptyMirrorCoverage, type MirrorCoverage } from '../check/mirror-coverage.ts';
import { Dice } from './dice.ts';
import type { Recording, Violation } from '../check/history.ts';
import { contextOf, streamStatus } from './preparation.ts';
import { runReader } from './reader.ts';
import { type Marked, type RunContext, Round } from './round.ts';
import type { ServerAddress } from '../../http-client/http-client.ts';
import { runWriter } from './writer.ts';
import { writeSafely } from './recorded-write.ts';
import type { Subject } from './subject.ts';
import { subjectOf } from './typed-subject.ts';

export interface VerifyOptions {
  /** The server, or several nodes of one log: a client that connects again comes to the next one. */
  readonly nodes: readonly [ServerAddress, ...ServerAddress[]];
  readonly seconds: number;
  /** @default the `Item`s of a server without an SDL file */
  readonly collection?: DescribedCollection;
  /** Fixes the random plan of the run. The order of events on the network still differs from run to run. */
  readonly seed: number;
  readonly onProgress?: (progress: VerifyProgress) => void;
  /**
   * After this silence, in ms, a delivery counts as lost; a call without an answer is repeated for as long.
   * @default 15_000
   */
  readonly timeoutMs?: number;
  /** Ends the run early, with a report of what was checked by then. */
  readonly signal?: AbortSignal;
}

export interface VerifyProgress {
  readonly elapsedMs: number;
  readonly histories: number;
  readonly deliveries: number;
  readonly violations: number;
}

export interface VerifyReport extends VerifyProgress {
  readonly seed: number;
  readonly coverage: Coverage;
  /** What of G6 was checked, by the filters of the mirrors. */
  readonly mirrors: MirrorCoverage;
  /** Whether the servers have filters on values. Without them, those, `follows` and the sums of filtered mirrors were not checked. */
  readonly hasValueFilters: boolean;
  /** The first violations, at most 10. */
  readonly examples: readonly Violation[];
  /** Rounds that were not checked because the server lost its log: one in memory does when the server restarts. */
  readonly skipped: number;
}

/** How long the writers write. Readers take a little longer to receive everything. */
const ROUND_MS = 4000;
const LEAST_ROUND_MS = 500;
const WRITERS = 4;
const READERS = 24;
/** Changes of all writers per second. */
const RATE = 1600;
const MAX_BATCH = 100;
/** Calls in flight at once. A server allows 100 on one socket by default. */
const PIPELINED = 50;
const MAX_EXAMPLES = 10;

/**
 * Verifies a running server.
 *
 * @throws UnreachableError when no node answers
 * @throws Error when the nodes do not share a log, a server refuses to insert, or no values can be made for the collection
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const run = new Run(options);
  try {
    await run.prepare();
    for (let number = 1; number === 1 || !run.isOver; number++) await run.round(number);
  } catch (error) {
    if (error instanceof NoAnswerError)
      throw new UnreachableError(`lost the connection to ${addressesOf(options)}: ${error.message}`);
    throw error;
  } finally {
    await run.cleanUp();
  }
  return run.report();
}

const addressesOf = ({ nodes }: VerifyOptions): string => nodes.map(({ url }) => url).join(', ');

class Run {
  readonly #options: VerifyOptions;
  readonly #dice: Dice;
  readonly #startedAt = performance.now();
  readonly #subject: Subject;
  readonly #coverage = emptyCoverage();
  readonly #mirrors = emptyMirrorCoverage();
  readonly #examples: Violation[] = [];
  readonly #nextNode: NextNode;
  readonly #caller: Caller;
  /** Keys that may have items of this run. */
  readonly #toRemove = new Set<string>();
  #context: RunContext | undefined;
  #total = { histories: 0, deliveries: 0, violations: 0 };
  #skipped = 0;

  constructor(options: VerifyOptions) {
    this.#options = options;
    this.#dice = new Dice(options.seed);
    this.#nextNode = roundRobin(options.nodes);
    this.#subject = subjectOf(options.collection ?? ITEM, crypto.randomUUID().slice(0, 8));
    this.#caller = new WebSocketCaller(this.#nextNode, this.#subject.runPrefix);
  }

  get isOver(): boolean {
    return this.#options.signal?.aborted === true || this.#remainingMs < LEAST_ROUND_MS;
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? ANSWER_TIMEOUT_MS;
  }

  get #remainingMs(): number {
    return this.#options.seconds * 1000 - this.#elapsedMs;
  }

  get #elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  async prepare(): Promise<void> {
    const given = { nextNode: this.#nextNode, subject: this.#subject, timeoutMs: this.#timeoutMs };
    this.#context = await contextOf(this.#options.nodes, given);
  }

  async round(number: number): Promise<void> {
    if (!this.#context) throw new Error('prepare() must come first');
    const round = new Round(this.#context, number);
    for (const key of [...round.keys.keys, ...round.keys.stillKeys]) this.#toRemove.add(key);
    const { epoch } = await this.#stream();
    await this.#insert(round, round.keys.stillKeys);
    await this.#runRound(round);
    const mayVanish = await this.#mayVanish(round);
    if (epoch === (await this.#stream()).epoch) this.#judge(round.recording(mayVanish));
    else this.#skipped++;
    await this.#remove(this.#toRemove);
    this.#reportProgress();
  }

  async #runRound(round: Round): Promise<void> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), Math.max(LEAST_ROUND_MS, Math.min(ROUND_MS, this.#remainingMs)));
    const onAbort = (): void => stop.abort();
    this.#options.signal?.addEventListener('abort', onAbort);
    const progressTimer = setInterval(() => this.#reportProgress(round), 250);
    const orFail = <T>(task: Promise<T>): Promise<T | void> => task.catch((error: unknown) => round.fail(error));
    try {
      const readers = Array.from({ length: READERS }, (_, index) => orFail(runReader(round, this.#dice.fork(), index)));
      const writers = Array.from({ length: WRITERS }, (_, index) => orFail(this.#write(round, index, stop.signal)));
      await Promise.all(writers);
      if (!round.failed.aborted) await orFail(this.#mark(round));
      await Promise.all(readers);
    } finally {
      clearTimeout(timer);
      clearInterval(progressTimer);
      this.#options.signal?.removeEventListener('abort', onAbort);
    }
    if (round.failed.aborted) throw round.failed.reason;
  }

  #write(round: Round, index: number, until: AbortSignal): Promise<void> {
    const name = `w${index}`;
    const caller =
      index % 2 === 0 ? new WebSocketCaller(this.#nextNode, `${round.keys.prefix}${name}`) : httpCaller(this.#nextNode);
    // Different rates keep the writers out of step.
    const rate = (RATE / WRITERS) * (0.7 + 0.2 * index);
    return runWriter({ round, caller, dice: this.#dice.fork(), name, rate, until });
  }

  /** Inserts under each key once more, so that every filter on keys lets a part of the marker pass. */
  async #mark(round: Round): Promise<void> {
    round.end(await this.#insert(round, round.keys.keys));
  }

  /** The oldest items are evicted first, so the first of the still keys shows whether any item of the round may be gone. */
  async #mayVanish({
    keys: {
      stillKeys: [key = ''],
    },
  }: Round): Promise<boolean> {
    const { documents, keyVariable } = this.#subject;
    const mayVanishOn = async (node: ServerAddress): Promise<boolean> => {
      const { data } = await request(node, documents.get, { key: keyVariable(key) });
      return !data?.item || data.item.expiresAt !== null;
    };
    // Any node may be ahead of the others.
    return retryUntilAnswered(async () => {
      const answers = await Promise.allSettled(this.#options.nodes.map(mayVanishOn));
      const answered = answers.filter((answer) => answer.status === 'fulfilled');
      if (answered.length === 0) throw new NoAnswerError('no node answers');
      return answered.some(({ value }) => value);
    }, this.#timeoutMs);
  }

  async #insert(round: Round, keys: readonly string[]): Promise<Marked[]> {
    const inserted: Marked[] = [];
    for (let start = 0; start < keys.length; start += MAX_BATCH) {
      const inputs = keys.slice(start, start + MAX_BATCH).map((key, index) => {
        return { key, value: this.#subject.plainValue(start + index), idempotencyKey: `${round.id} run` };
      });
      const { results, error } = await retryUntilAnswered(async () => {
        const write = await writeSafely(round, this.#caller, { kind: 'batch', inputs });
        if (write.error === 'RATE_LIMITED')
          throw new NoAnswerError('the server limits the rate of insertions too far (RATE_LIMITED)');
        return write;
      }, this.#timeoutMs);
      if (!results) throw new Error(`the server refuses insertions: ${String(error)}`);
      inserted.push(...inputs.map(({ key, value }, index) => ({ key, value, cursor: results[index]?.cursor ?? '' })));
    }
    return inserted;
  }

  #judge(recording: Recording): void {
    const violations = checkHistories(recording);
    cover(this.#coverage, recording, violations);
    coverMirrors(this.#mirrors, recording, violations);
    this.#examples.push(...violations.slice(0, MAX_EXAMPLES - this.#examples.length));
    this.#total.histories += recording.histories.length;
    this.#total.violations += violations.length;
    for (const history of recording.histories) this.#total.deliveries += deliveriesOf(history);
  }

  #reportProgress(round?: Round): void {
    const { histories, deliveries, violations } = this.#total;
    this.#options.onProgress?.({
      elapsedMs: this.#elapsedMs,
      histories: histories + (round?.histories.length ?? 0),
      deliveries: deliveries + (round?.deliveries ?? 0),
      violations,
    });
  }

  #stream() {
    return streamStatus(this.#options.nodes, this.#subject, this.#nextNode);
  }

  async #remove(keys: Iterable<string>): Promise<void> {
    const remaining = [...keys];
    const recorder = { writes: [], nextId: () => '', subject: this.#subject, timeoutMs: this.#timeoutMs };
    const removeNext = async (): Promise<void> => {
      for (let key = remaining.pop(); key !== undefined; key = remaining.pop()) {
        await writeSafely(recorder, this.#caller, { kind: 'remove', inputs: [{ key, value: null }] });
        this.#toRemove.delete(key);
      }
    };
    await Promise.all(Array.from({ length: PIPELINED }, removeNext));
  }

  /** Best effort: the server may be gone. */
  async cleanUp(): Promise<void> {
    try {
      if (this.#toRemove.size > 0) await this.#stream();
      await this.#remove(this.#toRemove);
    } catch (error) {
      if (!(error instanceof NoAnswerError || error instanceof UnreachableError)) throw error;
    } finally {
      this.#caller.breakOff();
    }
  }

  report(): VerifyReport {
    const { seed } = this.#options;
    const found = {
      coverage: this.#coverage,
      mirrors: this.#mirrors,
      examples: this.#examples,
      skipped: this.#skipped,
    };
    const hasValueFilters = this.#context?.hasValueFilters ?? false;
    return { seed, elapsedMs: this.#elapsedMs, hasValueFilters, ...this.#total, ...found };
  }
}
