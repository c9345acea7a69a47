/**
 * Writers and readers against a running server, in rounds of a few seconds. Each round has keys of its own, is checked as
 * it ends and then forgotten, so that a long run does not grow; what it has inserted it removes.
 */
import { ItemDocument, StreamDocument } from '../../../schema/documents/graphql.ts';
import { type Caller, httpCaller, persist, WebSocketCaller } from '../client/caller.ts';
import { checkHistories } from '../check/check.ts';
import { type Coverage, cover, deliveriesOf, emptyCoverage } from '../check/coverage.ts';
import { Dice } from './dice.ts';
import type { Recording, Violation, WriteInput } from '../check/history.ts';
import { runReader } from './reader.ts';
import { type Ground, Round } from './round.ts';
import {
  ask,
  inTurn,
  LostError,
  type NextNode,
  PATIENCE_MS,
  type Target,
  UnreachableError,
} from '../../http-client/http-client.ts';
import { runWriter } from './writer.ts';
import { writeSafely } from './writing.ts';

export interface VerifyOptions {
  /** Nodes of one log, or the one. Whoever comes back comes to another one. */
  readonly nodes: readonly [Target, ...Target[]];
  readonly seconds: number;
  /** The plan of the run; what the network makes of it differs. */
  readonly seed: number;
  readonly onProgress?: (progress: Progress) => void;
  /** Silence after which what has to come is taken for lost, and how long a call is repeated. Default 15,000. */
  readonly patienceMs?: number;
  /** Ends the run early, with what was checked so far. */
  readonly signal?: AbortSignal;
}

export interface Progress {
  readonly elapsedMs: number;
  readonly histories: number;
  readonly deliveries: number;
  readonly violations: number;
}

export interface VerifyReport extends Progress {
  readonly seed: number;
  readonly coverage: Coverage;
  /** The first ones. */
  readonly examples: readonly Violation[];
  /** Rounds in which the server lost its log, as one in memory does that is started anew: not checked. */
  readonly skipped: number;
}

/** How long writers write. Readers need a little longer, to get it all. */
const ROUND_MS = 4000;
const LEAST_ROUND_MS = 500;
const WRITERS = 4;
const READERS = 24;
/** Changes of all writers per second. */
const RATE = 1600;
const MAX_BATCH = 100;
/** Calls in flight at once; a server allows 100 of one socket by default. */
const PIPELINED = 50;
const MAX_EXAMPLES = 10;
/** A larger map is left out of the plan: its readers would only ever read its snapshot. */
const CROWDED = 20_000;

/** Throws `UnreachableError`, or what else makes it impossible to go on. */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const run = new Run(options);
  try {
    await run.prepare();
    for (let number = 1; number === 1 || !run.isOver; number++) await run.round(number);
  } catch (error) {
    if (error instanceof LostError) throw new UnreachableError(`lost ${addressesOf(options)}: ${error.message}`);
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
  readonly #runPrefix = `verify-${crypto.randomUUID().slice(0, 8)}-`;
  readonly #coverage = emptyCoverage();
  readonly #examples: Violation[] = [];
  readonly #next: NextNode;
  readonly #caller: Caller;
  readonly #left = new Set<string>();
  #ground: Ground | undefined;
  #total = { histories: 0, deliveries: 0, violations: 0 };
  #skipped = 0;

  constructor(options: VerifyOptions) {
    this.#options = options;
    this.#dice = new Dice(options.seed);
    this.#next = inTurn(options.nodes);
    this.#caller = new WebSocketCaller(this.#next, this.#runPrefix);
  }

  get isOver(): boolean {
    return this.#options.signal?.aborted === true || this.#leftMs < LEAST_ROUND_MS;
  }

  get #patienceMs(): number {
    return this.#options.patienceMs ?? PATIENCE_MS;
  }

  get #leftMs(): number {
    return this.#options.seconds * 1000 - this.#elapsedMs;
  }

  get #elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  async prepare(): Promise<void> {
    const { epoch, window, size } = await this.#stream();
    const answers = await Promise.allSettled(this.#options.nodes.map((node) => ask(node, StreamDocument, {})));
    const stranger = answers.findIndex(
      (answer) => answer.status === 'fulfilled' && (answer.value.data?.stream.epoch ?? epoch) !== epoch,
    );
    const url = this.#options.nodes[stranger]?.url;
    if (url !== undefined) throw new Error(`${url} is no node of the log that the others are of`);
    this.#ground = {
      next: this.#next,
      runPrefix: this.#runPrefix,
      window,
      patienceMs: this.#patienceMs,
      isLimited: size === null,
      isCrowded: (size ?? 0) > CROWDED,
    };
  }

  async round(number: number): Promise<void> {
    if (!this.#ground) throw new Error('not prepared');
    const round = new Round(this.#ground, number);
    for (const key of [...round.keys, ...round.stillKeys]) this.#left.add(key);
    const { epoch } = await this.#stream();
    await this.#insert(round, round.stillKeys);
    await this.#runRound(round);
    const mayVanish = await this.#mayVanish(round);
    if (epoch === (await this.#stream()).epoch) this.#judge(round.recording(mayVanish));
    else this.#skipped++;
    await this.#remove(this.#left);
    this.#tell();
  }

  async #runRound(round: Round): Promise<void> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), Math.max(LEAST_ROUND_MS, Math.min(ROUND_MS, this.#leftMs)));
    const leave = (): void => stop.abort();
    this.#options.signal?.addEventListener('abort', leave);
    const telling = setInterval(() => this.#tell(round), 250);
    const failing = <T>(task: Promise<T>): Promise<T | void> => task.catch((error: unknown) => round.fail(error));
    try {
      const readers = Array.from({ length: READERS }, () => failing(runReader(round, this.#dice.fork())));
      const writers = Array.from({ length: WRITERS }, (_, index) => failing(this.#write(round, index, stop.signal)));
      await Promise.all(writers);
      if (!round.failed.aborted) await failing(this.#mark(round));
      await Promise.all(readers);
    } finally {
      clearTimeout(timer);
      clearInterval(telling);
      this.#options.signal?.removeEventListener('abort', leave);
    }
    if (round.failed.aborted) throw round.failed.reason;
  }

  #write(round: Round, index: number, until: AbortSignal): Promise<void> {
    const name = `w${index}`;
    const next = this.#next;
    const caller = index % 2 === 0 ? new WebSocketCaller(next, `${round.prefix}${name}`) : httpCaller(next);
    // Other rates, so that the writers don't march in step.
    const rate = (RATE / WRITERS) * (0.7 + 0.2 * index);
    return runWriter({ round, caller, dice: this.#dice.fork(), name, rate, until });
  }

  /** Each key once more: whatever a reader's filter lets pass, something of this does. */
  async #mark(round: Round): Promise<void> {
    round.end(await this.#insert(round, round.keys));
  }

  /** Oldest items are evicted first, and the first that stays as it is is the oldest of ours. */
  async #mayVanish({ stillKeys: [key = ''] }: Round): Promise<boolean> {
    const ofOne = async (node: Target): Promise<boolean> => {
      const { data } = await ask(node, ItemDocument, { key });
      return !data?.item || data.item.expiresAt !== null;
    };
    // Each may be ahead of the others.
    return persist(async () => {
      const answers = await Promise.allSettled(this.#options.nodes.map(ofOne));
      const heard = answers.filter((answer) => answer.status === 'fulfilled');
      if (heard.length === 0) throw new LostError('nobody answers');
      return heard.some(({ value }) => value);
    }, this.#patienceMs);
  }

  async #insert(round: Round, keys: readonly string[]): Promise<{ key: string; cursor: string }[]> {
    const inserted: { key: string; cursor: string }[] = [];
    for (let start = 0; start < keys.length; start += MAX_BATCH) {
      const inputs = keys.slice(start, start + MAX_BATCH).map((key, index): WriteInput => {
        return { key, value: JSON.stringify({ id: `run-${start + index}` }), idempotencyKey: 'run' };
      });
      const { results, error } = await persist(async () => {
        const write = await writeSafely(round, this.#caller, { kind: 'batch', inputs });
        if (write.error === 'RATE_LIMITED') throw new LostError('the server limits the rate of insertions too much');
        return write;
      }, this.#patienceMs);
      if (!results) throw new Error(`the server refuses to insert: ${String(error)}`);
      inserted.push(...inputs.map(({ key }, index) => ({ key, cursor: results[index]?.cursor ?? '' })));
    }
    return inserted;
  }

  #judge(recording: Recording): void {
    const violations = checkHistories(recording);
    cover(this.#coverage, recording, violations);
    this.#examples.push(...violations.slice(0, MAX_EXAMPLES - this.#examples.length));
    this.#total.histories += recording.histories.length;
    this.#total.violations += violations.length;
    for (const history of recording.histories) this.#total.deliveries += deliveriesOf(history);
  }

  #tell(round?: Round): void {
    const { histories, deliveries, violations } = this.#total;
    this.#options.onProgress?.({
      elapsedMs: this.#elapsedMs,
      histories: histories + (round?.histories.length ?? 0),
      deliveries: deliveries + (round?.deliveries ?? 0),
      violations,
    });
  }

  /** What any node says: one of them may be away. */
  async #stream() {
    for (let left = this.#options.nodes.length; ; left--) {
      const node = this.#next();
      try {
        const { data, errors } = await ask(node, StreamDocument, {});
        if (data?.stream) return data.stream;
        throw new UnreachableError(`${node.url} refuses: ${errors?.[0]?.message ?? 'no answer'}`);
      } catch (error) {
        if (!(error instanceof LostError)) throw error;
        if (left <= 1) throw new UnreachableError(`can’t reach ${node.url}: ${error.message}`);
      }
    }
  }

  async #remove(keys: Iterable<string>): Promise<void> {
    const waiting = [...keys];
    const log = { writes: [], nextId: () => '', patienceMs: this.#patienceMs };
    const removeOnes = async (): Promise<void> => {
      for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
        await writeSafely(log, this.#caller, { kind: 'remove', inputs: [{ key, value: null }] });
        this.#left.delete(key);
      }
    };
    await Promise.all(Array.from({ length: PIPELINED }, removeOnes));
  }

  /** As well as it goes: the server may be gone. */
  async cleanUp(): Promise<void> {
    try {
      if (this.#left.size > 0) await this.#stream();
      await this.#remove(this.#left);
    } catch (error) {
      if (!(error instanceof LostError || error instanceof UnreachableError)) throw error;
    } finally {
      this.#caller.breakOff();
    }
  }

  report(): VerifyReport {
    const { seed } = this.#options;
    const found = { coverage: this.#coverage, examples: this.#examples, skipped: this.#skipped };
    return { seed, elapsedMs: this.#elapsedMs, ...this.#total, ...found };
  }
}
