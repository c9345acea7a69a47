/** Checks the messages of `itemChanges` by replaying them next to the known changes: G6, and G2 to G4 for positions. */
import { checkEnd } from './check-items.ts';
import { checkFollows, checkReasons } from './check-filtered.ts';
import type { ChangesHistory, ChangesMessage, Entry, Recording, RemovedEntry, Report } from './history.ts';
import { passes } from './history.ts';
import { type Change, type KnownChanges } from './known-changes.ts';

const MAX_ENTRIES = 1000;

interface Checked {
  readonly history: ChangesHistory;
  readonly recording: Recording;
  readonly known: KnownChanges;
  readonly report: Report;
  /** The mirror as the history before it left it. */
  readonly resumed: Mirror | undefined;
}

export function checkChanges({ history, recording, known, report, resumed }: Checked): Mirror {
  const { id, after, filter, messages, end } = history;
  const mirror = resumed ?? new Mirror();
  const mustProve = recording.hasValueFilters || (filter === null && !recording.hidesSize);
  const fail = (what: string): void => report('G6', id, what);
  // When the history that it resumed was not recorded, the content is unknown until a reset.
  let isFollowed = resumed !== undefined || after === null;
  mirror.newest = after ?? '';
  for (const [index, message] of messages.entries()) {
    if (index === 0 && after === null && !message.reset) fail('began without a reset');
    if (message.reset && (index > 0 || after !== null) && !known.mayLag) fail(`was reset at ${message.cursor}`);
    if (message.reset) mirror.reset();
    isFollowed ||= message.reset;
    checkFollows(message, messages[index - 1]?.cursor ?? after, fail);
    checkEntries(history, message, mirror, known, index === 0, report);
    checkReasons(history, message, known, fail);
    checkBatchEnds(message, mirror.isLive && !known.mayLag, known, fail);
    mirror.apply(message, known);
    if (message.caughtUp) mirror.isLive = true;
    const isProof = message.size !== null || message.checksum !== null;
    if (isProof && !message.caughtUp)
      fail(`told a size or checksum at ${message.cursor}, although it was not caught up`);
    if (!isFollowed) continue;
    mirror.follow(known, history);
    if (!message.caughtUp) continue;
    checkContent(mirror, history, known, message, fail);
    checkOpenBatches(mirror, known, history, message, report);
    if (mustProve || isProof) checkProof(mirror, message, fail);
  }
  checkEnd(history, end, report);
  if (end.kind === 'complete') fail('was completed');
  return mirror;
}

/** A client's copy of the map, and the copy that the known changes make expected. */
export class Mirror {
  readonly items = new Map<string, Entry>();
  sum = 0;
  /** The cursor of the last message. */
  newest = '';
  /** Whether it was caught up once since the last reset. */
  isLive = false;
  /** By key: the newest known change up to `newest`. */
  expected = new Map<string, Change>();
  /** Keys for which the mirror and the known changes disagree. */
  differing = new Set<string>();
  #next = 0;
  /** Keys that a violation was reported for: each once. */
  readonly reported = new Set<string>();
  openBatchesSeen = new Set<string>();
  #touched: string[] = [];

  copy(): Mirror {
    const copy = new Mirror();
    for (const [key, item] of this.items) copy.items.set(key, item);
    copy.expected = new Map(this.expected);
    copy.differing = new Set(this.differing);
    copy.openBatchesSeen = new Set(this.openBatchesSeen);
    for (const key of this.reported) copy.reported.add(key);
    copy.#next = this.#next;
    return Object.assign(copy, { sum: this.sum, newest: this.newest, isLive: this.isLive });
  }

  reset(): void {
    this.#touched.push(...this.items.keys());
    this.items.clear();
    Object.assign(this, { sum: 0, newest: '', isLive: false });
  }

  apply({ upserted, removed, cursor }: ChangesMessage, known: KnownChanges): void {
    for (const { key } of removed) this.#set(key, undefined, known);
    for (const item of upserted) this.#set(item.key, item, known);
    this.newest = cursor;
  }

  #set(key: string, item: Entry | undefined, known: KnownChanges): void {
    const before = this.items.get(key);
    if (before) this.sum -= known.partOf(before);
    if (item) this.sum += known.partOf(item);
    if (item) this.items.set(key, item);
    else this.items.delete(key);
    this.#touched.push(key);
  }

  /** Applies the known changes up to the mirror's cursor to the expected copy. */
  follow(known: KnownChanges, { filter }: ChangesHistory): void {
    for (let change = known.changes[this.#next]; change && change.cursor <= this.newest;) {
      if (passes(filter, change.key)) {
        this.expected.set(change.key, change);
        this.#touched.push(change.key);
      }
      change = known.changes[++this.#next];
    }
    for (const key of this.#touched) {
      const change = this.expected.get(key);
      const expected = change && change.value !== null && known.matches(filter, change) ? change.cursor : undefined;
      // Keys of other clients have no known changes.
      const isUnknown = !known.byKey.has(key) || known.vague.has(key);
      if (expected === this.items.get(key)?.cursor || isUnknown) this.differing.delete(key);
      else this.differing.add(key);
    }
    this.#touched = [];
  }
}

function checkEntries(
  { id, after, filter }: ChangesHistory,
  { upserted, removed, cursor }: ChangesMessage,
  { items, newest }: Mirror,
  known: KnownChanges,
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
          report('G4', id, `got ${where}, not after ${after}`);
        else report('G3', id, `got ${where} after ${before}`);
      }
      before = entry.cursor;
    }
  };
  check(upserted);
  check(removed);
  for (const item of upserted)
    if (passes(filter, item.key) && !known.matches(filter, item))
      report('G6', id, `got ${item.key} at ${item.cursor}, whose value does not match`);
  if (keys.size > MAX_ENTRIES) report('G6', id, `got ${keys.size} entries in the message at ${cursor}`);
  if (cursor < newest) report('G3', id, `the message at ${cursor} comes after ${newest}`);
}

/** A live message never ends inside a batch, and neither does a message that is caught up, because a batch is applied at once. */
function checkBatchEnds({ cursor, caughtUp }: ChangesMessage, isLive: boolean, known: KnownChanges, fail: Fail): void {
  const batch = caughtUp || isLive ? known.batchAround(cursor) : undefined;
  if (batch) fail(`a message ended at ${cursor}, inside the batch from ${batch.first} to ${batch.last}`);
}

type Fail = (what: string) => void;

function checkContent(
  mirror: Mirror,
  { filter }: ChangesHistory,
  known: KnownChanges,
  { cursor, receivedAt }: ChangesMessage,
  fail: Fail,
): void {
  for (const key of mirror.differing) {
    const expected = mirror.expected.get(key);
    if (mirror.reported.has(key)) continue;
    const held = mirror.items.get(key)?.cursor;
    if (held === undefined && known.isMaybeRemoved(key, receivedAt)) continue;
    mirror.reported.add(key);
    const truth =
      !expected || expected.value === null
        ? `removed at ${expected?.cursor ?? '?'}`
        : `at ${expected.cursor}${known.matches(filter, expected) ? '' : ' and does not match'}`;
    fail(`caught up at ${cursor}, it has ${held === undefined ? 'no' : `at ${held}`} ${key}, which is ${truth}`);
  }
}

/** A server that shows one item of a batch has applied the whole batch, answered or not. */
function checkOpenBatches(
  mirror: Mirror,
  known: KnownChanges,
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

function checkProof(mirror: Mirror, { size, checksum, cursor }: ChangesMessage, fail: Fail): void {
  if (mirror.reported.has('')) return;
  const own = (((mirror.sum % 0x100000000) + 0x100000000) % 0x100000000).toString(16).padStart(8, '0');
  if (size === mirror.items.size && checksum === own) return;
  // No item has an empty key, so it stands for the whole map.
  mirror.reported.add('');
  fail(
    `at ${cursor} the mirror has ${mirror.items.size} items with checksum ${own}, the server ${size} with ${checksum}`,
  );
}
