/**
 * Keeps a replica at the end of one log, and answers commands with their outcomes. A command is answered when the replica that is shown
 * has applied its sequence: that is read-your-writes.
 *
 * When the log breaks (it is another log now, or has lost entries), the old replica stays shown while another one is built from the newest
 * snapshot and the entries after it, with as many attempts as it takes. Then the new one is shown instead:
 *
 *     open ─▶ build ─▶ shown ─(broken)─▶ shown, and build ─▶ shown …        poison, close ─▶ stopped
 *                ▲ │                                   ▲ │
 *                └─┘ broken                            └─┘ any failure
 *
 * `#applied` and `#show` are one synchronous block each: apply, publish, answer. An `await` inside them would be a race.
 */
import { PendingCommands } from './pending-commands.ts';
import { RetryPauses } from './backoff.ts';
import { type ReplicaOptions, catchUpWithLog, loadReplica } from './bootstrap.ts';
import { ClockJumps } from './clock-jumps.ts';
import { type Command, encodeCommand, type Outcome } from '../model/command.ts';
import { EngineUnavailableError } from '../model/errors.ts';
import type { FollowerEvents } from './follower-events.ts';
import { LogBrokenError, LogSubscription } from './log-subscription.ts';
import { History, sharedUpTo } from '../replica/history.ts';
import { errorFields, messageOf } from '../model/logger.ts';
import type { LogHealth, OrderedLog } from './ordered-log.ts';
import type { Place } from '../model/position.ts';
import type { Replica } from '../replica/replica.ts';
import { exportChunks } from '../replica/snapshot.ts';
import { ExpiryTicker } from './expiry-ticker.ts';
import { Repetition } from './repetition.ts';

export interface FollowerOptions extends ReplicaOptions, FollowerEvents {}

/** A log that stayed whole for so long is opened again without a pause when it breaks, in ms. */
const SETTLED_MS = 10_000;
/** A log that breaks whenever it is opened may be mended by another node for so long, in ms. */
const OPEN_MS = 10_000;

export class Follower<Value> {
  /** The meaning of positions. Replaced when another replica is shown. */
  history = new History();
  /** Undefined until `open` resolves. */
  #shown: LogSubscription<Value> | undefined;
  #building: LogSubscription<Value> | undefined;
  readonly #log: OrderedLog;
  readonly #options: FollowerOptions;
  readonly #commands: PendingCommands<Value>;
  readonly #ticker: ExpiryTicker;
  readonly #waiting = new Set<() => void>();
  /** Unique to this process and log, so that no two appends share an id. */
  readonly #node = `${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}-`;
  #appended = 0;
  /** Set while the log is broken and no other replica is shown yet. */
  #broken: Error | undefined;
  #stopped: Error | undefined;
  readonly #pauses = new RetryPauses();
  #shownAt = -Infinity;
  #head: Place | undefined;
  readonly #jumps: ClockJumps;

  private constructor(options: FollowerOptions) {
    this.#log = options.log;
    this.#options = options;
    this.#jumps = new ClockJumps(options.logger);
    this.#commands = new PendingCommands(options.log);
    this.#ticker = new ExpiryTicker({ submit: (tick) => this.submit(tick), now: options.log.now });
  }

  /** Resolves when the replica has applied everything that the log held at the start. Closes the log when it rejects. */
  static async open<Value>(options: FollowerOptions): Promise<Follower<Value>> {
    try {
      const follower = new Follower<Value>(options);
      const until = performance.now() + OPEN_MS;
      await follower.#build((error) => !(error instanceof LogBrokenError) || performance.now() > until);
      return follower;
    } catch (error) {
      await options.log.close();
      throw error;
    }
  }

  /** The replica that is shown. Callers must not keep it, because a rebuild replaces it. */
  get replica(): Replica<Value> {
    // Nobody has the follower before `open` resolves.
    return this.#shown!.replica;
  }

  /** @throws {EngineUnavailableError} when this node takes no commands. */
  assertRunning(): void {
    const refusal = this.#refusal();
    if (refusal) throw refusal;
  }

  /** Resolves with the outcome of the command. Rejects with `EngineUnavailableError` or `IndeterminateError`. */
  submit(command: Command): Promise<Outcome<Value>> {
    const refusal = this.#refusal();
    if (refusal) return Promise.reject(refusal);
    const id = this.#nextId();
    return new Promise((resolve, reject) => {
      // Added before the append, because a log in memory applies within it.
      const pending = this.#commands.add({ id, command, frame: encodeCommand(id, command), resolve, reject });
      this.#log.append(pending.frame, id).then(
        (sequence) => this.#commands.acknowledge(pending, sequence, this.#broken ? undefined : this.replica),
        (error: Error) => this.#commands.fail(pending, error),
      );
    });
  }

  /**
   * Resolves when the shown replica has applied everything that the log holds now, or when `signal` aborts or this node stops. While the
   * log is broken it waits for the next replica.
   */
  async caughtUp(signal?: AbortSignal): Promise<void> {
    const wake = (): void => this.#wakeWaiting();
    signal?.addEventListener('abort', wake);
    try {
      let last = Infinity;
      // Each replica that is shown has its own end to reach.
      let history: History | undefined;
      while (!signal?.aborted && !this.#stopped) {
        if (this.#broken) await this.#woken();
        else if (history !== this.history) {
          history = this.history;
          last = await this.#last();
        } else if (this.replica.sequence < last) await this.#woken();
        else return;
      }
    } finally {
      signal?.removeEventListener('abort', wake);
    }
  }

  /** Whether the shown replica may differ from the log. */
  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** Saves the replica's state in the log, so that a node that joins later reads only the entries after it. */
  async saveSnapshot(): Promise<void> {
    const { sequence, commandId } = this.replica;
    await this.#log.saveSnapshot({ sequence, commandId, chunks: [...exportChunks(this.replica)] });
  }

  health(): LogHealth {
    const reason = this.#stopped ?? this.#broken;
    return reason ? { ok: false, reason: reason.message } : this.#log.health();
  }

  async close(): Promise<void> {
    const closed = new Error('closed');
    this.#ticker.stop();
    this.#stopped ??= closed;
    this.#building?.end(closed);
    this.#shown?.end(closed);
    this.#pauses.end();
    this.#commands.failAll(this.#stopped);
    this.#wakeWaiting();
    await this.#log.close();
  }

  #refusal(): EngineUnavailableError | undefined {
    const cause = this.#stopped ?? this.#broken;
    return cause && new EngineUnavailableError(this.#stopped ? 'this node has stopped' : cause.message, { cause });
  }

  /** The log's last sequence. Its failure doesn't matter once the log is broken or this node has stopped. */
  async #last(): Promise<number> {
    try {
      return await this.#log.last();
    } catch (error) {
      if (this.#broken || this.#stopped) return Infinity;
      throw error;
    }
  }

  #nextId(): string {
    return `${this.#node}${(this.#appended++).toString(36)}`;
  }

  /** Resolves when an up-to-date replica is shown, or this node has stopped. Throws an error that is final. */
  async #build(isFinal: (error: unknown) => boolean): Promise<void> {
    const repetition = new Repetition();
    while (!this.#stopped) {
      try {
        await this.#buildOnce();
        return;
      } catch (error) {
        if (isFinal(error)) throw error;
        const message = messageOf(error);
        // The newest reason is the one that `health` names.
        if (this.#broken && !this.#stopped) this.#broken = error as Error;
        if (!this.#stopped && repetition.isDue(message))
          this.#options.logger.warn(errorFields(error), `can't follow the log: ${message}`);
      }
    }
  }

  async #buildOnce(): Promise<void> {
    await this.#pauses.next();
    const replica = this.#stopped ? undefined : await loadReplica<Value>(this.#options);
    if (this.#stopped || !replica) return;
    const building = new LogSubscription(replica, {
      awaited: (id) => this.#commands.get(id),
      onEntry: (subscription, { time }) => subscription === this.#shown && this.#jumps.note(time),
      onApplied: (subscription) => this.#applied(subscription),
      onBroken: (subscription, error) => this.#break(subscription, error),
    });
    this.#building = building;
    try {
      await catchUpWithLog(building, this.#options, () => this.#nextId(), this.#shown?.replica.bounds);
      building.assertOpen();
      this.#show(building);
    } catch (error) {
      building.end(error as Error);
      throw error;
    } finally {
      this.#building = undefined;
    }
  }

  /** One synchronous block: no reader sees a state between the old replica and the new one. */
  #show(building: LogSubscription<Value>): void {
    const previous = this.#shown?.replica;
    const { replica } = building;
    this.#shown = building;
    this.#shownAt = performance.now();
    this.#jumps.forget();
    this.#broken = undefined;
    this.#head = replica.head;
    replica.onChange = this.#options.onChange;
    if (previous) {
      previous.onChange = undefined;
      const shared = sharedUpTo(previous, replica);
      this.history = this.history.endAt(shared);
      const { sequence, head, epoch } = replica;
      const lost = Math.max(0, previous.head.position - Math.max(0, shared));
      this.#options.logger.info(
        { sequence, position: head.position, epoch, lost },
        `following the log again: ${lost === 0 ? 'it has lost nothing' : `it has lost ${lost} positions`}`,
      );
      this.#options.onShown(replica.head, previous.head);
    }
    this.#settleOutcomes(building);
    this.#commands.replicaShown(replica);
    this.#afterApply(building);
  }

  /** One synchronous block, in which the subscription has just applied: publish, answer. */
  #applied(subscription: LogSubscription<Value>): void {
    if (subscription !== this.#shown) return;
    const { head, window } = subscription.replica;
    if (head !== this.#head) {
      this.#head = head;
      this.#options.onHead(head, window.reach);
    }
    this.#settleOutcomes(subscription);
    this.#afterApply(subscription);
  }

  #settleOutcomes(subscription: LogSubscription<Value>): void {
    const { outcomes, replica } = subscription;
    if (outcomes.length === 0) return;
    subscription.outcomes = [];
    for (const { pending, outcome } of outcomes) this.#commands.settle(pending, outcome, replica);
  }

  #afterApply({ poison, replica }: LogSubscription<Value>): void {
    if (poison) this.#stop(poison);
    this.#wakeWaiting();
    this.#ticker.arm(replica.items.expiry.peek()?.expiresAt, replica.clock);
  }

  /** A replica that is still being built fails in `#buildOnce` instead. */
  #break(subscription: LogSubscription<Value>, error: LogBrokenError): void {
    if (subscription !== this.#shown || this.#stopped) return;
    this.#broken = error;
    this.#commands.logBroke();
    this.#options.logger.warn({ engine: this.#log.engine }, error.message);
    if (performance.now() - this.#shownAt > SETTLED_MS) this.#pauses.reset();
    // Never rejects, because no error is final here.
    void this.#build(() => false);
  }

  #stop(error: Error): void {
    this.#stopped ??= error;
    this.#options.logger.error({ engine: this.#log.engine, ...errorFields(error) }, error.message);
    this.#ticker.stop();
    this.#commands.failAll(error);
    this.#wakeWaiting();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wakeWaiting(): void {
    for (const resolve of this.#waiting) resolve();
    if (this.#waiting.size > 0) this.#waiting.clear();
  }
}
