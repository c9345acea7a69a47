/**
 * The changes of the stream that a recording reveals, in position order: the answers to writers and the deliveries to readers.
 *
 * A call without an answer may have been applied at any moment since it started, or never. Its change is known once a reader has received its
 * value; until then it only explains why an item may be missing.
 */
import { checksumPart } from './checksum.ts';
import type {
  Entry,
  Filter,
  History,
  Recording,
  RemovedEntry,
  Report,
  Write,
  WriteInput,
  WriteResult,
} from './history.ts';
import { passes } from './history.ts';
import { matchesValue } from './value-filter.ts';

export interface Change extends WriteResult {
  readonly key: string;
  /** Null: a removal. */
  readonly value: string | null;
  /** The change was applied after this time. -Infinity: unknown. */
  startedAt: number;
  /** The change was applied before this time. Infinity: there was no answer. */
  answeredAt: number;
  /** The connection that the answer came through. */
  connection: string | null;
  /** The next change of the same key. */
  successor: Change | undefined;
  /** No later change of the key was applied before this time. */
  supersededFrom: number;
}

/** A batch that was applied as a whole. */
export interface Batch {
  readonly write: Write;
  /** The cursors of its first and last change. */
  readonly first: string;
  readonly last: string;
}

export class KnownChanges {
  readonly byCursor = new Map<string, Change>();
  /** Sorted by cursor. */
  changes: readonly Change[] = [];
  readonly byKey = new Map<string, Change[]>();
  /** Sorted by cursor. They do not overlap. */
  batches: readonly Batch[] = [];
  /** Batches without an answer. */
  openBatches: readonly Write[] = [];
  /** Whether something was evicted or expired, so that any item may be gone without a recorded removal. */
  mayVanish = false;
  /** How many changes of other clients' keys readers received. */
  foreign = 0;
  /** Whether a reader may have been slower than the window. */
  mayLag = false;
  /** By key: since when calls without an answer may have removed the item, or changed it in any way. */
  readonly maybeRemoved = new Map<string, number>();
  readonly maybeChanged = new Map<string, number>();
  /** Keys that calls without an answer have given values that no reader received: only that they do not match was told. */
  readonly vague = new Set<string>();
  /** By JSON text. */
  readonly #values = new Map<string, unknown>();
  /** By cursor. */
  readonly #parts = new Map<string, number>();

  /** Whether the filter lets the item pass, by its key and its value. A removal, with null, passes no filter on values. */
  matches(filter: Filter | null, { key, value }: { readonly key: string; readonly value: string | null }): boolean {
    if (!passes(filter, key) || filter?.where === undefined) return passes(filter, key);
    if (value === null) return false;
    if (!this.#values.has(value)) this.#values.set(value, JSON.parse(value));
    return matchesValue(this.#values.get(value), filter.where);
  }

  /** The term of an item in the checksum of a map. */
  partOf(item: { readonly key: string; readonly cursor: string }): number {
    let part = this.#parts.get(item.cursor);
    if (part === undefined) this.#parts.set(item.cursor, (part = checksumPart(item)));
    return part;
  }

  /** Whether the item of this change may have been superseded or removed before a time. */
  isMaybeGone({ key, supersededFrom }: Change, before: number): boolean {
    return this.mayVanish || supersededFrom < before || (this.maybeChanged.get(key) ?? Infinity) < before;
  }

  /** Whether the item may have been removed before a time without a recorded removal. */
  isMaybeRemoved(key: string, before: number): boolean {
    return this.mayVanish || (this.maybeRemoved.get(key) ?? Infinity) < before;
  }

  /** The index of the first change after a cursor. */
  indexAfter(cursor: string): number {
    return firstIndex(this.changes, (change) => change.cursor > cursor);
  }

  batchAround(cursor: string): Batch | undefined {
    const batch = this.batches[firstIndex(this.batches, ({ last }) => last > cursor)];
    return batch && batch.first <= cursor ? batch : undefined;
  }
}

/** The index of the first element for which `is` holds, in a list that is sorted by it: false before true. */
export function firstIndex<T>(list: readonly T[], is: (element: T) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    // The middle is within the list.
    if (is(list[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Inputs with the same identity are repeats of one another. */
export const identityOf = ({ key, idempotencyKey }: WriteInput): string | undefined =>
  idempotencyKey === undefined ? undefined : `${key}\n${idempotencyKey}`;

/** Reports what contradicts itself on the way. */
export function knownChanges(recording: Recording, report: Report): KnownChanges {
  const known = new KnownChanges();
  known.mayVanish = recording.mayVanish;
  const attempts = new Attempts(recording.writes);
  for (const write of recording.writes) learnAnswer(known, attempts, write, report);
  const pending = new Map<string, number>();
  for (const write of recording.writes) excuse(known, attempts, write, pending);
  const isOurs = (key: string): boolean => recording.keyPrefixes.some((prefix) => key.startsWith(prefix));

  const seen = (where: string, entry: Entry): void => {
    if (!isOurs(entry.key)) return void known.foreign++;
    const same = known.byCursor.get(entry.cursor);
    if (same) {
      if (same.key !== entry.key || same.value !== entry.value || same.timestamp !== entry.timestamp)
        report('G1', where, `got ${describe(entry)}, which is ${describe(same)} elsewhere`);
      return;
    }
    const startedAt = pending.get(`${entry.key}\n${entry.value}`);
    if (startedAt === undefined) report('G1', where, `got ${describe(entry)}, which no writer has written`);
    add(known, entry, startedAt ?? -Infinity);
  };
  const unmatched: { where: string; entry: RemovedEntry }[] = [];
  const gone = (where: string, entry: RemovedEntry): void => {
    if (!isOurs(entry.key)) return void known.foreign++;
    if (entry.reason === 'UNMATCHED') return void unmatched.push({ where, entry });
    if (entry.reason !== 'REMOVED') known.mayVanish = true;
    if (known.byCursor.has(entry.cursor)) return;
    const startedAt = known.maybeRemoved.get(entry.key);
    if (entry.reason === 'REMOVED' && startedAt === undefined)
      report('G6', where, `was told at ${entry.cursor} that ${entry.key} is removed, which no writer asked for`);
    add(known, { ...entry, value: null }, startedAt ?? -Infinity);
  };
  for (const history of recording.histories) eachEntry(history, seen, gone);
  for (const { id, item } of recording.reads) if (item) seen(id, item);
  // Any history may have received the insertion that made an item cease to match.
  for (const { where, entry } of unmatched) explain(known, where, entry, report);

  link(known);
  known.mayLag = known.foreign > 0 || known.changes.length * 2 > recording.window;
  known.batches = batchesOf(recording, attempts);
  known.openBatches = recording.writes.filter(
    (write) => write.kind === 'batch' && isOpen(write) && !attempts.isSettled(write),
  );
  return known;
}

const isOpen = ({ results, error }: Write): boolean => results === null && error === null;

/** Calls that repeat one another by idempotency key: together they are one change. */
class Attempts {
  readonly #byIdentity = new Map<string, { readonly first: Write; startedAt: number; isSettled: boolean }>();

  constructor(writes: readonly Write[]) {
    for (const write of writes)
      for (const input of write.inputs) {
        const attempt = this.of(write, input);
        attempt.startedAt = Math.min(attempt.startedAt, write.startedAt);
        attempt.isSettled ||= write.results !== null;
        const identity = identityOf(input);
        if (identity !== undefined) this.#byIdentity.set(identity, attempt);
      }
  }

  of(write: Write, input: WriteInput) {
    const known = this.#byIdentity.get(identityOf(input) ?? '');
    return known ?? { first: write, startedAt: write.startedAt, isSettled: false };
  }

  /** Whether an attempt was answered, so that the outcome is known. */
  isSettled(write: Write): boolean {
    return write.inputs.every((input) => this.of(write, input).isSettled);
  }
}

function learnAnswer(known: KnownChanges, attempts: Attempts, write: Write, report: Report): void {
  for (const [index, input] of write.inputs.entries()) {
    const result = write.results?.[index];
    if (!result) continue;
    const answeredAt = write.answeredAt ?? Infinity;
    const same = known.byCursor.get(result.cursor);
    if (same && (same.key !== input.key || same.value !== input.value))
      report('G3', write.id, `was answered ${result.cursor} for ${input.key}, which is the cursor of ${same.key} too`);
    const change = same ?? add(known, { ...input, ...result }, attempts.of(write, input).startedAt);
    if (answeredAt < change.answeredAt) Object.assign(change, { answeredAt, connection: write.connection });
  }
}

function excuse(known: KnownChanges, attempts: Attempts, write: Write, pending: Map<string, number>): void {
  if (!isOpen(write) || attempts.isSettled(write)) return;
  const earlier = (map: Map<string, number>, key: string): void =>
    void map.set(key, Math.min(map.get(key) ?? Infinity, write.startedAt));
  for (const { key, value } of write.inputs) {
    earlier(known.maybeChanged, key);
    if (value === null) earlier(known.maybeRemoved, key);
    else earlier(pending, `${key}\n${value}`);
  }
}

/** An item ceases to match by an insertion. */
function explain(known: KnownChanges, where: string, { key, cursor }: RemovedEntry, report: Report): void {
  if (known.byCursor.has(cursor)) return;
  if (known.maybeChanged.has(key)) known.vague.add(key);
  else report('G6', where, `was told at ${cursor} that ${key} is UNMATCHED, where no writer has written`);
}

function add(known: KnownChanges, entry: Omit<Entry, 'value'> & { value: string | null }, startedAt: number): Change {
  const { key, value, cursor, timestamp } = entry;
  const unanswered = { answeredAt: Infinity, connection: null, successor: undefined, supersededFrom: Infinity };
  const change: Change = { key, value, cursor, timestamp, startedAt, ...unanswered };
  known.byCursor.set(cursor, change);
  return change;
}

function link(known: KnownChanges): void {
  const changes = [...known.byCursor.values()].sort((a, b) => (a.cursor < b.cursor ? -1 : 1));
  for (const change of changes.toReversed()) {
    const later = known.byKey.get(change.key) ?? [];
    const successor = later.at(-1);
    if (later.length === 0) known.byKey.set(change.key, later);
    change.successor = successor;
    change.supersededFrom = Math.min(successor?.startedAt ?? Infinity, successor?.supersededFrom ?? Infinity);
    later.push(change);
  }
  for (const list of known.byKey.values()) list.reverse();
  known.changes = changes;
}

function batchesOf({ writes }: Recording, attempts: Attempts): Batch[] {
  const batches = new Map<string, Batch>();
  for (const write of writes) {
    const [first, last] = [write.results?.[0]?.cursor, write.results?.at(-1)?.cursor];
    if (write.kind !== 'batch' || first === undefined || last === undefined) continue;
    // A batch that repeats some inputs of another takes no positions for them.
    const isWhole = new Set(write.inputs.map((input) => attempts.of(write, input).first)).size === 1;
    if (isWhole) batches.set(first, { write, first, last });
  }
  return [...batches.values()].sort((a, b) => (a.first < b.first ? -1 : 1));
}

function eachEntry(
  history: History,
  seen: (where: string, entry: Entry) => void,
  gone: (where: string, entry: RemovedEntry) => void,
): void {
  const { id } = history;
  if (history.kind === 'items') for (const entry of history.deliveries) seen(id, entry);
  else if (history.kind === 'pages') for (const { items } of history.pages) for (const entry of items) seen(id, entry);
  else
    for (const { upserted, removed } of history.messages) {
      for (const entry of upserted) seen(id, entry);
      for (const entry of removed) gone(id, entry);
    }
}

const describe = ({ key, value, cursor, timestamp }: Omit<Entry, 'value'> & { value: string | null }): string =>
  `${key} = ${value === null ? 'removed' : value.slice(0, 60)} at ${cursor} of ${timestamp}`;
