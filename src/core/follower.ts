/**
 * Keeps one replica at the end of one log, and answers appends with what became of them.
 *
 * An append is answered when the own replica has applied its sequence: that is read-your-writes. In `#apply` one synchronous
 * block applies, publishes and answers; an `await` in it would be a race.
 */
import { type Bounds, type Command, decodeCommand, encodeCommand } from './command.ts';
import { EngineUnavailableError, IndeterminateError } from './errors.ts';
import { errorFields, type Logger, messageOf } from './logger.ts';
import type { LogEntry, LogHealth, OrderedLog } from './ordered-log.ts';
import type { Epoch, Place, Sequence } from './position.ts';
import { type Outcome, Replica } from './replica.ts';
import { exportState, importChunks } from './state.ts';
import { Ticker } from './ticker.ts';

export interface FollowerOptions {
  readonly log: OrderedLog;
  /** What the operator asked for. What is left out comes from the log, or from the defaults when it is founded here. */
  readonly bounds: Partial<Bounds>;
  readonly onHead: (head: Place) => void;
  readonly logger: Logger;
}

export const DEFAULT_BOUNDS: Bounds = { maxItems: 100_000, maxBytes: 256 * 1024 * 1024, window: 65_536 };

/** A jump of the log's clock beyond this is worth a line, in ms. */
const CLOCK_JUMP_MS = 60_000;

interface Pending<Value> {
  resolve(outcome: Outcome<Value>): void;
  reject(error: Error): void;
}

const NOBODY: Pending<unknown> = { resolve: () => {}, reject: () => {} };

export class Follower<Value> {
  readonly replica: Replica<Value>;
  readonly #log: OrderedLog;
  readonly #options: FollowerOptions;
  readonly #ticker: Ticker;
  /** By command id. Two that nobody waits for: each time that a map gets empty V8 makes its table anew, which is dear. */
  readonly #pending = new Map<string, Pending<Value>>([
    ['a', NOBODY],
    ['b', NOBODY],
  ]);
  readonly #waiting = new Set<() => void>();
  /** Unique to this process and log, so that no two appends share an id. */
  readonly #node = `${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}-`;
  #appended = 0;
  #stopped: Error | undefined;
  #unfollow: () => void = () => {};
  #appliedAt = performance.now();

  private constructor(replica: Replica<Value>, options: FollowerOptions) {
    this.replica = replica;
    this.#log = options.log;
    this.#options = options;
    this.#ticker = new Ticker(() => this.submit({ kind: 'tick' }));
  }

  /** Resolves once the replica has applied what the log held when it was opened. Rejects, with the log closed, when it can't. */
  static async open<Value>(options: FollowerOptions): Promise<Follower<Value>> {
    const { log } = options;
    try {
      const epoch = await log.open();
      const founded = { ...DEFAULT_BOUNDS, ...options.bounds };
      const replica = (await loadReplica<Value>(options, epoch)) ?? new Replica<Value>(epoch, founded);
      const follower = new Follower(replica, options);
      await follower.#follow();
      await follower.caughtUp();
      // Nothing of ours is there, only foreign entries at the most.
      if (replica.commandIds.size === 0 && !follower.#stopped)
        await follower.submit({ kind: 'found', bounds: founded });
      await follower.#agreeOnBounds();
      return follower;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** Throws `EngineUnavailableError` when this node has stopped. */
  assertRunning(): void {
    if (this.#stopped) throw new EngineUnavailableError('this node has stopped', { cause: this.#stopped });
  }

  /** Resolves with what became of the command here. Rejects with `EngineUnavailableError` or `IndeterminateError`. */
  submit(command: Command<Value>, values?: readonly string[]): Promise<Outcome<Value>> {
    if (this.#stopped)
      return Promise.reject(new EngineUnavailableError('this node has stopped', { cause: this.#stopped }));
    const id = `${this.#node}${(this.#appended++).toString(36)}`;
    return new Promise((resolve, reject) => {
      // Before the append: a log in memory applies inside of it.
      this.#pending.set(id, { resolve, reject });
      this.#log.append(encodeCommand(id, command, values), id).catch((error: Error) => {
        if (this.#pending.delete(id)) reject(error);
      });
    });
  }

  /** Resolves when the replica has applied what the log holds now, or when `signal` aborts, or this node stops. */
  async caughtUp(signal?: AbortSignal): Promise<void> {
    const last = await this.#log.last();
    const wake = (): void => this.#wakeWaiting();
    signal?.addEventListener('abort', wake);
    while (this.replica.sequence < last && !signal?.aborted && !this.#stopped)
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    signal?.removeEventListener('abort', wake);
  }

  /** Keeps the replica's state in the log, so that a node that joins later needs only what follows it. */
  async saveSnapshot(): Promise<void> {
    const { sequence, commandId } = this.replica;
    const encoder = new TextEncoder();
    const chunks = [...exportState(this.replica)].map((line) => encoder.encode(`${line}\n`));
    await this.#log.saveSnapshot({ sequence, commandId, chunks });
  }

  health(): LogHealth {
    return this.#stopped ? { ok: false, reason: this.#stopped.message } : this.#log.health();
  }

  async close(): Promise<void> {
    this.#ticker.stop();
    this.#unfollow();
    this.#stopped ??= new Error('closed');
    this.#rejectPending(this.#stopped);
    this.#wakeWaiting();
    await this.#log.close();
  }

  async #follow(): Promise<void> {
    const from = (this.replica.sequence + 1) as Sequence;
    try {
      this.#unfollow = await this.#log.follow(from, {
        entries: (batch) => this.#apply(batch),
        broken: (reason) => this.#stop(new Error(`the log can't be followed: ${reason}`)),
      });
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new Error(`the log lacks sequence ${from}, and no snapshot behind it can be read`, { cause });
    }
  }

  /** One synchronous block: apply, publish, answer. */
  #apply(batch: readonly LogEntry[]): void {
    if (this.#stopped) return;
    const { replica } = this;
    const { position } = replica.head;
    let at = replica.sequence;
    const answers: (() => void)[] = [];
    try {
      for (const entry of batch) {
        at = entry.sequence;
        this.#noteJump(entry.time);
        const decoded = decodeCommand<Value>(entry.data);
        if (!decoded) {
          replica.skip(entry.sequence);
          continue;
        }
        const outcome = replica.apply(entry.sequence, entry.time, decoded);
        const pending = this.#pending.get(decoded.id);
        this.#pending.delete(decoded.id);
        if (pending) answers.push(() => pending.resolve(outcome));
      }
    } catch (cause) {
      // Skipping it would make this node differ from the others: reads go on, but nothing new comes in.
      this.#stop(new Error(`command ${at} can't be applied`, { cause }));
    }
    if (replica.head.position > position) this.#options.onHead(replica.head);
    for (const answer of answers) answer();
    this.#wakeWaiting();
    this.#ticker.arm(replica.items.expiry.peek()?.expiresAt, replica.logTime);
  }

  #noteJump(time: number): void {
    const now = performance.now();
    const jump = time - this.replica.logTime - (now - this.#appliedAt);
    if (this.replica.sequence > 0 && Math.abs(jump) > CLOCK_JUMP_MS)
      this.#options.logger.warn({ jumpMs: Math.round(jump) }, `the log's clock jumped by ${Math.round(jump / 1000)} s`);
    this.#appliedAt = now;
  }

  async #agreeOnBounds(): Promise<void> {
    const { bounds } = this.replica;
    const wanted = { ...bounds, ...this.#options.bounds };
    const changed = (Object.keys(wanted) as (keyof Bounds)[]).filter((name) => wanted[name] !== bounds[name]);
    if (changed.length === 0) return;
    await this.submit({ kind: 'bounds', bounds: wanted });
    const differences = changed.map((name) => `${name} ${bounds[name]} → ${wanted[name]}`).join(', ');
    this.#options.logger.info({ bounds: wanted }, `changed the log's bounds: ${differences}`);
  }

  #stop(error: Error): void {
    this.#stopped ??= error;
    this.#options.logger.error({ engine: this.#log.engine, ...errorFields(error) }, error.message);
    this.#ticker.stop();
    this.#rejectPending(error);
    this.#wakeWaiting();
  }

  #wakeWaiting(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #rejectPending(cause: Error): void {
    for (const { reject } of this.#pending.values())
      reject(new IndeterminateError('the answer is not known', { cause }));
    this.#pending.clear();
  }
}

/** From the newest snapshot that the log agrees with; undefined when there is none. */
async function loadReplica<Value>({ log, logger }: FollowerOptions, epoch: Epoch): Promise<Replica<Value> | undefined> {
  for (const { sequence, commandId, chunks } of await log.loadSnapshots()) {
    const entry = await log.entryAt(sequence);
    try {
      if (!entry || (decodeCommand(entry.data)?.id ?? '') !== commandId) continue;
      const replica = await importChunks<Value>(chunks);
      if (replica.epoch === epoch) return replica;
    } catch (error) {
      logger.warn(
        { sequence, ...errorFields(error) },
        `the snapshot at sequence ${sequence} can't be read: ${messageOf(error)}`,
      );
    }
  }
  return undefined;
}
