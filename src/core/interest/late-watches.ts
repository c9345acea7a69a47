import type { NotedChange } from './noted-change.ts';
import type { LateTests, Watch } from './watch.ts';

/**
 * Of the changes that wait, together with what they have superseded; bytes count as often as the costliest filter takes longer than a simple
 * one. Values are kept as objects, which may take 20 times as much. Beyond either limit the listeners are woken, and look at the changes
 * themselves.
 */
const MAX_CHANGES = 4096;
const MAX_BYTES = 2 * 1024 * 1024;
/** Large values that few watches wait for. */
const MAX_TESTS_AT_ONCE = 64;
/** Simple tests of small values between two looks at the clock, and the bytes of a value that takes two times as long. */
const [TESTS, SMALL_BYTES] = [16, 256];

/**
 * Watches that no index finds, because their filter has no equality: each is tested with each change. A thousand of them and a batch of a
 * thousand changes would take a second, so they are tested in slices after the changes are applied:
 *
 *     apply ──▶ changes that wait ──▶ slice: each watch in turn is tested with all that it lacks
 *
 * A watch that is needed sooner catches up by itself (`Watch.catchUp`), so nobody sees that it was late.
 */
export class LateWatches implements LateTests {
  readonly watches = new Set<Watch>();
  #waiting: NotedChange[] = [];
  /** How many changes were noted before the first that waits. */
  #start = 0;
  #bytes = 0;
  /** Of the filters; see `ValueFilter.weight`. */
  #heaviest = 1;
  #turn: Iterator<Watch> | undefined;
  /** The number of changes when `#turn` began. */
  #turnEnd = 0;
  readonly #onLost: (watch: Watch) => void;

  /** `onLost` is called for a watch that won't be tested with some changes. */
  constructor(onLost: (watch: Watch) => void) {
    this.#onLost = onLost;
  }

  get isBusy(): boolean {
    return this.#waiting.length > 0;
  }

  /** The watch needs none of the changes that wait. */
  begin(watch: Watch): void {
    watch.noted = this.#end;
    this.#heaviest = Math.max(this.#heaviest, weightOf(watch));
  }

  delete(watch: Watch): void {
    this.watches.delete(watch);
    if (this.watches.size > 0) return;
    this.#drop(this.#end);
    this.#heaviest = 1;
  }

  note(change: NotedChange): void {
    this.#waiting.push(change);
    this.#bytes += change.bytes;
    const { length } = this.#waiting;
    if (length <= MAX_CHANGES && this.#bytes * this.#heaviest <= MAX_BYTES) return;
    if (length * this.watches.size * this.#heaviest <= MAX_TESTS_AT_ONCE) this.advance(() => false);
    else this.giveUp();
  }

  catchUp(watch: Watch): boolean {
    const end = this.#end;
    const isLate = watch.noted < end;
    while (watch.noted < end) {
      // What is tested may itself be looked at again by a listener.
      const change = this.#waiting[watch.noted++ - this.#start];
      if (change) watch.note(change);
    }
    return isLate;
  }

  /** Tests watches until `isOver`, which is asked from time to time. Returns whether none is late any more. */
  advance(isOver: () => boolean): boolean {
    for (let tests = 0; this.isBusy;) {
      if (!this.#turn) [this.#turn, this.#turnEnd] = [this.watches.values(), this.#end];
      const { value: watch } = this.#turn.next();
      if (!watch) {
        this.#drop(this.#turnEnd);
        continue;
      }
      tests += (this.#end - watch.noted) * weightOf(watch) * this.#slowness;
      this.catchUp(watch);
      if (tests < TESTS) continue;
      tests = 0;
      if (isOver()) return !this.isBusy;
    }
    return true;
  }

  /** How much longer a test takes than one of a small value. */
  get #slowness(): number {
    return 1 + this.#bytes / this.#waiting.length / SMALL_BYTES;
  }

  get #end(): number {
    return this.#start + this.#waiting.length;
  }

  /** Every watch has been tested with the changes before `end`. */
  #drop(end: number): void {
    for (const { bytes } of this.#waiting.splice(0, end - this.#start)) this.#bytes -= bytes;
    this.#start = end;
    this.#turn = undefined;
  }

  /** The listeners look at the window, from where they have seen everything. */
  giveUp(): void {
    for (const watch of this.watches) {
      const first = this.#waiting[watch.noted - this.#start];
      watch.noted = this.#end;
      if (!first) continue;
      this.#onLost(watch);
      watch.visit((listener) => listener.wake(first.before));
    }
    this.#drop(this.#end);
  }
}

function weightOf({ filter }: Watch): number {
  return filter.where?.weight ?? 1;
}
