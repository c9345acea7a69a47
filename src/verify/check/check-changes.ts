/** What `itemChanges` told: replayed message by message beside what is known of the map (G6; G2 to G4 of its positions). */
import { checkEnd } from './check-items.ts';
import { checksumPart } from './checksum.ts';
import {
  type ChangesHistory,
  type ChangesMessage,
  type Entry,
  passes,
  type Recording,
  type RemovedEntry,
  type Report,
} from './history.ts';
import { type Change, type Known } from './known.ts';

const MAX_ENTRIES = 1000;

interface Checked {
  readonly history: ChangesHistory;
  readonly recording: Recording;
  readonly known: Known;
  readonly report: Report;
  /** What the history before it has left. */
  readonly resumed: Mirror | undefined;
}

export function checkChanges({ history, recording, known, report, resumed }: Checked): Mirror {
  const { id, after, filter, messages, end } = history;
  const isWhole = filter === null;
  const mirror = resumed ?? new Mirror(isWhole);
  const say = (what: string): void => report('G6', id, what);
  // Resumed from what was not recorded: its first content is unknown until a reset.
  let isFollowed = resumed !== undefined || after === null;
  mirror.newest = after ?? '';
  for (const [index, message] of messages.entries()) {
    if (index === 0 && after === null && !message.reset) say('began without a reset');
    if (message.reset && (index > 0 || after !== null) && !known.mayLag) say(`was reset at ${message.cursor}`);
    if (message.reset) mirror.reset();
    isFollowed ||= message.reset;
    checkEntries(history, message, mirror, index === 0, report);
    checkBatchEnds(message, mirror.isLive && !known.mayLag, known, say);
    mirror.apply(message);
    if (message.caughtUp) mirror.isLive = true;
    if ((message.size !== null || message.checksum !== null) && !(isWhole && message.caughtUp))
      say(`told a size at ${message.cursor}, although it was not caught up or has a filter`);
    if (!isFollowed) continue;
    mirror.follow(known, history);
    if (!message.caughtUp) continue;
    checkContent(mirror, known, message, say);
    checkOpenBatches(mirror, known, history, message, report);
    if (isWhole && !recording.isLimited) checkProof(mirror, message, say);
  }
  checkEnd(history, end, report);
  if (end.kind === 'complete') say('was completed');
  return mirror;
}

/** A client's copy of the map, and beside it what the known changes make of the filter's part of it. */
export class Mirror {
  readonly items = new Map<string, Entry>();
  sum = 0;
  /** The cursor of the last message. */
  newest = '';
  /** It was caught up once since the last reset. */
  isLive = false;
  #expected = new Map<string, Change>();
  #next = 0;
  #differing = new Set<string>();
  /** Keys that were found wrong: said once. */
  readonly said = new Set<string>();
  openBatchesSeen = new Set<string>();
  #touched: string[] = [];
  readonly #isWhole: boolean;

  /** `isWhole`: of the whole map, so that a checksum can be made. */
  constructor(isWhole: boolean) {
    this.#isWhole = isWhole;
  }

  copy(): Mirror {
    const copy = new Mirror(this.#isWhole);
    for (const [key, item] of this.items) copy.items.set(key, item);
    copy.#expected = new Map(this.#expected);
    copy.#differing = new Set(this.#differing);
    copy.openBatchesSeen = new Set(this.openBatchesSeen);
    for (const key of this.said) copy.said.add(key);
    copy.#next = this.#next;
    return Object.assign(copy, { sum: this.sum, newest: this.newest, isLive: this.isLive });
  }

  reset(): void {
    this.#touched.push(...this.items.keys());
    this.items.clear();
    Object.assign(this, { sum: 0, newest: '', isLive: false });
  }

  apply({ upserted, removed, cursor }: ChangesMessage): void {
    for (const { key } of removed) this.#set(key, undefined);
    for (const item of upserted) this.#set(item.key, item);
    this.newest = cursor;
  }

  #set(key: string, item: Entry | undefined): void {
    const before = this.items.get(key);
    if (before && this.#isWhole) this.sum -= checksumPart(before);
    if (item && this.#isWhole) this.sum += checksumPart(item);
    if (item) this.items.set(key, item);
    else this.items.delete(key);
    this.#touched.push(key);
  }

  /** Brings what is expected up to the mirror's cursor. */
  follow(known: Known, { filter }: ChangesHistory): void {
    for (let change = known.changes[this.#next]; change && change.cursor <= this.newest;) {
      if (passes(filter, change.key)) {
        this.#expected.set(change.key, change);
        this.#touched.push(change.key);
      }
      change = known.changes[++this.#next];
    }
    for (const key of this.#touched) {
      const change = this.#expected.get(key);
      const expected = change && change.value !== null ? change.cursor : undefined;
      // Nothing is known of foreign keys.
      if (expected === this.items.get(key)?.cursor || !known.byKey.has(key)) this.#differing.delete(key);
      else this.#differing.add(key);
    }
    this.#touched = [];
  }

  /** Keys under which the mirror and the known changes disagree. */
  get differing(): ReadonlySet<string> {
    return this.#differing;
  }

  expected(key: string): Change | undefined {
    return this.#expected.get(key);
  }
}

function checkEntries(
  { id, after, filter }: ChangesHistory,
  { upserted, removed, cursor }: ChangesMessage,
  { items, newest }: Mirror,
  isFirst: boolean,
  report: Report,
): void {
  const keys = new Set<string>();
  const check = (entries: readonly (Entry | RemovedEntry)[]): void => {
    let before = newest;
    for (const entry of entries) {
      const where = `${entry.key} at ${entry.cursor}`;
      if (keys.has(entry.key)) report('G6', id, `got ${entry.key} twice in the message at ${cursor}`);
      keys.add(entry.key);
      if (!passes(filter, entry.key)) report('G6', id, `got ${entry.key}, which its filter leaves out`);
      if (entry.cursor > cursor) report('G6', id, `got ${where} in the message at ${cursor}`);
      if (entry.cursor <= before) {
        if (items.get(entry.key)?.cursor === entry.cursor) report('G2', id, `got ${where} twice`);
        else if (isFirst && after !== null && entry.cursor <= after)
          report('G4', id, `got ${where}, not behind ${after}`);
        else report('G3', id, `got ${where} behind ${before}`);
      }
      before = entry.cursor;
    }
  };
  check(upserted);
  check(removed);
  if (keys.size > MAX_ENTRIES) report('G6', id, `got ${keys.size} entries in the message at ${cursor}`);
  if (cursor < newest) report('G3', id, `the message at ${cursor} comes behind ${newest}`);
}

/** Outside snapshot and lag no message ends inside a batch. Nor does one that is caught up: a batch is applied at once. */
function checkBatchEnds({ cursor, caughtUp }: ChangesMessage, isLive: boolean, known: Known, say: Say): void {
  const batch = caughtUp || isLive ? known.batchAround(cursor) : undefined;
  if (batch) say(`a message ended at ${cursor}, inside the batch from ${batch.first} to ${batch.last}`);
}

type Say = (what: string) => void;

function checkContent(mirror: Mirror, known: Known, { cursor, receivedAt }: ChangesMessage, say: Say): void {
  for (const key of mirror.differing) {
    const expected = mirror.expected(key);
    if (mirror.said.has(key)) continue;
    const has = mirror.items.get(key)?.cursor;
    if (has === undefined && known.isMaybeRemoved(key, receivedAt)) continue;
    mirror.said.add(key);
    const truth =
      !expected || expected.value === null ? `removed at ${expected?.cursor ?? '?'}` : `at ${expected.cursor}`;
    say(`caught up at ${cursor}, it has ${has === undefined ? 'no' : `at ${has}`} ${key}, which is ${truth}`);
  }
}

/** Whose first item was seen has applied a batch wholly, also one that was never answered. */
function checkOpenBatches(
  mirror: Mirror,
  known: Known,
  { id, filter }: ChangesHistory,
  { cursor }: ChangesMessage,
  report: Report,
): void {
  for (const write of known.openBatches) {
    if (mirror.openBatchesSeen.has(write.id)) continue;
    const ofInput = write.inputs.map(({ key, value }) => known.byKey.get(key)?.find((one) => one.value === value));
    const seen = ofInput.find((change) => change !== undefined && change.cursor <= cursor);
    if (!seen) continue;
    mirror.openBatchesSeen.add(write.id);
    for (const [index, { key }] of write.inputs.entries()) {
      const has = mirror.items.get(key)?.cursor;
      if (ofInput[index] || !passes(filter, key) || has === undefined || has > seen.cursor) continue;
      // The batch may have changed the key twice, the second time as seen.
      if (write.inputs.some((other, at) => other.key === key && ofInput[at])) continue;
      report(
        'G7',
        id,
        `caught up at ${cursor}, it has ${key} at ${has}: of the batch ${write.id} only a part was applied`,
      );
    }
  }
}

function checkProof(mirror: Mirror, { size, checksum, cursor }: ChangesMessage, say: Say): void {
  if (mirror.said.has('')) return;
  const own = (((mirror.sum % 0x100000000) + 0x100000000) % 0x100000000).toString(16).padStart(8, '0');
  if (size === mirror.items.size && checksum === own) return;
  // No item has an empty key: said once.
  mirror.said.add('');
  say(`at ${cursor} it has ${mirror.items.size} items of checksum ${own}, the server ${size} of ${checksum}`);
}
