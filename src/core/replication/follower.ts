/**
 * Keeps a replica at the end of one log, and answers appends with what became of them. An append is answered when the replica
 * that is shown has applied its sequence: that is read-your-writes.
 *
 * When the log breaks (it was made anew, or has lost what was followed), the replica is shown as it is while another one is
 * built from the newest snapshot and what follows it, as often as it takes. Then that one is shown in its place:
 *
 *     open ─▶ build ─▶ shown ─(broken)─▶ shown, and build ─▶ shown …        poison, close ─▶ stopped
 *                ▲ │                                   ▲ │
 *                └─┘ broken                            └─┘ whatever fails
 *
 * `#applied` and `#show` are one synchronous block each: apply, publish, answer; an `await` in them would be a race.
 */
import { Answers } from './pending-commands.ts';
import { Pauses } from './backoff.ts';
import { type BuildingOptions, complete, loadReplica } from './bootstrap.ts';
import { ClockJumps } from './clock-jumps.ts';
import { type Command, encodeCommand } from '../model/command.ts';
import { EngineUnavailableError } from '../model/errors.ts';
import { BrokenError, Following } from './log-subscription.ts';
import { History, sharedUpTo } from '../replica/history.ts';
import { errorFields, messageOf } from '../model/logger.ts';
import type { LogHealth, OrderedLog } from './ordered-log.ts';
import type { Place } from '../model/position.ts';
import type { Outcome } from '../replica/outcome.ts';
import type { Replica } from '../replica/replica.ts';
import { exportChunks } from '../replica/snapshot.ts';
import { Ticker } from './expiry-ticker.ts';

export interface FollowerOptions extends BuildingOptions {
  /** Also when another replica is shown, where its head is. */
  readonly onHead: (head: Place) => void;
}

/** A log that was whole for so long is opened anew at once when it breaks, in ms. */
const SETTLED_MS = 10_000;

export class Follower<Value> {
  /** What positions mean. Another one as soon as another replica is shown. */
  history = new History();
  /** Set before `open` resolves. */
  #shown!: Following<Value>;
  #building: Following<Value> | undefined;
  readonly #log: OrderedLog;
  readonly #options: FollowerOptions;
  readonly #answers: Answers<Value>;
  readonly #ticker = new Ticker(() => this.submit({ kind: 'tick' }));
  readonly #waiting = new Set<() => void>();
  /** Unique to this process and log, so that no two appends share an id. */
  readonly #node = `${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}-`;
  #appended = 0;
  /** Why nothing is followed for now: the log broke. */
  #broken: Error | undefined;
  #stopped: Error | undefined;
  readonly #pauses = new Pauses();
  #shownAt = -Infinity;
  #head: Place | undefined;
  readonly #jumps: ClockJumps;

  private constructor(options: FollowerOptions) {
    this.#log = options.log;
    this.#options = options;
    this.#jumps = new ClockJumps(options.logger);
    this.#answers = new Answers(options.log);
  }

  /** Resolves once the replica has applied what the log held when it was opened. Rejects, with the log closed, when it can't. */
  static async open<Value>(options: FollowerOptions): Promise<Follower<Value>> {
    try {
      const follower = new Follower<Value>(options);
      await follower.#build((error) => !(error instanceof BrokenError));
      return follower;
    } catch (error) {
      await options.log.close();
      throw error;
    }
  }

  /** The one that is shown: another one once the log has been rebuilt, so nobody may keep it. */
  get replica(): Replica<Value> {
    return this.#shown.replica;
  }

  /** Throws `EngineUnavailableError` when this node takes nothing in. */
  assertRunning(): void {
    const refusal = this.#refusal();
    if (refusal) throw refusal;
  }

  /** Resolves with what became of the command here. Rejects with `EngineUnavailableError` or `IndeterminateError`. */
  submit(command: Command<Value>, values?: readonly string[]): Promise<Outcome<Value>> {
    const refusal = this.#refusal();
    if (refusal) return Promise.reject(refusal);
    const id = this.#nextId();
    return new Promise((resolve, reject) => {
      // Before the append: a log in memory applies inside of it.
      const waiting = this.#answers.add(id, command, resolve, reject);
      this.#log.append(encodeCommand(id, command, values), id).then(
        (sequence) => this.#answers.acknowledge(waiting, sequence, this.#broken ? undefined : this.replica),
        (error: Error) => this.#answers.fail(waiting, error),
      );
    });
  }

  /**
   * Resolves when the replica that is shown has applied what the log holds now, or when `signal` aborts, or this node stops.
   * While there is nothing to follow it waits until there is.
   */
  async caughtUp(signal?: AbortSignal): Promise<void> {
    const wake = (): void => this.#wakeWaiting();
    signal?.addEventListener('abort', wake);
    try {
      let last = Infinity;
      // What another replica has to reach is another matter.
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

  /** Whether the replica that is shown may not be what the log says. */
  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** Keeps the replica's state in the log, so that a node that joins later needs only what follows it. */
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
    this.#shown.end(closed);
    this.#pauses.end();
    this.#answers.failAll(this.#stopped);
    this.#wakeWaiting();
    await this.#log.close();
  }

  /** Undefined until `open` has shown one. */
  get #before(): Following<Value> | undefined {
    return this.#shown;
  }

  #refusal(): EngineUnavailableError | undefined {
    const cause = this.#stopped ?? this.#broken;
    if (!cause) return undefined;
    return new EngineUnavailableError(this.#stopped ? 'this node has stopped' : cause.message, { cause });
  }

  /** While there is nothing to follow, and once nothing is followed any more, it doesn't matter. */
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

  /** Until a replica that is up to date is shown, or this node has stopped. Throws an error that is final. */
  async #build(isFinal: (error: unknown) => boolean): Promise<void> {
    let said: string | undefined;
    while (!this.#stopped) {
      try {
        await this.#buildOnce();
        return;
      } catch (error) {
        if (isFinal(error)) throw error;
        if (!this.#stopped && said !== messageOf(error))
          this.#options.logger.warn(errorFields(error), `can't follow the log: ${messageOf(error)}`);
        said = messageOf(error);
      }
    }
  }

  async #buildOnce(): Promise<void> {
    await this.#pauses.next();
    const replica = this.#stopped ? undefined : await loadReplica<Value>(this.#options);
    if (this.#stopped || !replica) return;
    const building = new Following(replica, {
      awaited: (id) => this.#answers.get(id),
      onEntry: (following, { time }) => following === this.#shown && this.#jumps.note(time),
      onApplied: (following) => this.#applied(following),
      onBroken: (following, error) => this.#break(following, error),
    });
    this.#building = building;
    try {
      await complete(building, this.#options, () => this.#nextId(), this.#before?.replica.bounds);
      building.assertGoesOn();
      this.#show(building);
    } catch (error) {
      building.end(error as Error);
      throw error;
    } finally {
      this.#building = undefined;
    }
  }

  /** One synchronous block: who reads before it reads the old replica, who reads after it the new one, and nobody between. */
  #show(building: Following<Value>): void {
    const before = this.#before;
    this.#shown = building;
    this.#shownAt = performance.now();
    this.#jumps.forget();
    this.#broken = undefined;
    const { replica } = building;
    this.#head = replica.head;
    if (before) {
      const shared = sharedUpTo(before.replica, replica);
      this.history = this.history.endAt(shared);
      const { sequence, head, epoch } = replica;
      const lost = Math.max(0, before.replica.head.position - Math.max(0, shared));
      this.#options.logger.info(
        { sequence, position: head.position, epoch, lost },
        `following the log again: ${lost === 0 ? 'nothing was lost' : `it has lost ${lost} positions that were here`}`,
      );
      this.#options.onHead(replica.head);
    }
    this.#tellOutcomes(building);
    this.#answers.tellAll(replica);
    this.#settle(building);
  }

  /** One synchronous block: apply (which is done), publish, answer. */
  #applied(following: Following<Value>): void {
    if (following !== this.#shown) return;
    const { head } = following.replica;
    if (head !== this.#head) {
      this.#head = head;
      this.#options.onHead(head);
    }
    this.#tellOutcomes(following);
    this.#settle(following);
  }

  #tellOutcomes(following: Following<Value>): void {
    const { outcomes, replica } = following;
    if (outcomes.length === 0) return;
    following.outcomes = [];
    for (const { waiting, outcome } of outcomes) this.#answers.tell(waiting, outcome, replica);
  }

  #settle({ poison, replica }: Following<Value>): void {
    if (poison) this.#stop(poison);
    this.#wakeWaiting();
    this.#ticker.arm(replica.items.expiry.peek()?.expiresAt, replica.logTime);
  }

  /** Of what is being built, whoever builds it is told. */
  #break(following: Following<Value>, error: BrokenError): void {
    if (following !== this.#shown || this.#stopped) return;
    this.#broken = error;
    this.#answers.broken();
    this.#options.logger.warn({ engine: this.#log.engine }, error.message);
    if (performance.now() - this.#shownAt > SETTLED_MS) this.#pauses.reset();
    // It never rejects, for nothing is final there.
    void this.#build(() => false);
  }

  #stop(error: Error): void {
    this.#stopped ??= error;
    this.#options.logger.error({ engine: this.#log.engine, ...errorFields(error) }, error.message);
    this.#ticker.stop();
    this.#answers.failAll(error);
    this.#wakeWaiting();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wakeWaiting(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
