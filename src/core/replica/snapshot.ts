/**
 * The content of a snapshot: a replica's whole state as lines of JSON, written and read. Equal replicas write equal lines, so tests compare
 * nodes by them.
 *
 *     header · one row per current item · one line per change in the window · one per first result · one per command id
 *
 * The text of a value is copied into its line, and out of it.
 */
import { type Change, isRemoval, type Item, type RemovedItem } from '../model/change.ts';
import type { RememberedResult } from './idempotency.ts';
import { stringifyJson } from '../model/json.ts';
import { ownText } from '../model/own-text.ts';
import { type Cursor, parseEpoch, type Place, type Position } from '../model/position.ts';
import { type Moment, momentOf, StoredItem } from '../model/stored-item.ts';
import { Replica } from './replica.ts';

const FORMAT = 2;
const LINE_END = 0x0a;

/** An item's line. An array is two thirds as long as an object, and faster to parse. */
type Row = readonly [
  key: string,
  value: unknown,
  position: Position,
  digest: number,
  timestamp: number,
  cursor: Cursor,
  expiresAt: number | null,
  bytes: number,
  following: number,
];

/** The members of a replica that its header holds as they are. */
type Scalars = 'bounds' | 'sequence' | 'commandId' | 'timestamp' | 'head' | 'lostRemoval' | 'evictions';

interface Header extends Pick<Replica<unknown>, 'epoch' | Scalars> {
  /** The format. */
  readonly state: number;
  /** The log's raw time. */
  readonly logTime: number;
  /** How far the clock is ahead of it, in hundredths of a ms. Undefined when it isn't, and in a snapshot of a version that had no such clock. */
  readonly ahead: number | undefined;
  /** Undefined when it is true, and in a snapshot of a version whose logs held no transactions. */
  readonly isCreated: false | undefined;
  readonly floor: Place;
  readonly checksum: string;
  readonly counts: { readonly items: number; readonly changes: number; readonly results: number; readonly ids: number };
}

/** To be consumed in one synchronous block, because it reads the live replica. */
export function* exportState<Value>(replica: Replica<Value>): Generator<string, void, void> {
  const { epoch, bounds, sequence, commandId, clock, timestamp, head, lostRemoval, evictions, window, items } = replica;
  const results = replica.firstResults.entries();
  const ids = [...replica.commandIds];
  const { floor } = window;
  const changes = head.position - floor.position;
  const header: Header = {
    state: FORMAT,
    epoch,
    bounds,
    sequence,
    commandId,
    logTime: clock.raw,
    ahead: clock.ahead || undefined,
    isCreated: replica.isCreated ? undefined : false,
    timestamp,
    head,
    floor,
    lostRemoval,
    evictions,
    checksum: items.checksum,
    counts: { items: items.size, changes, results: results.length, ids: ids.length },
  };
  yield JSON.stringify(header);
  for (const item of items.index.from(0 as Position)) yield rowOf(item);
  // A current item in the window is written as its key.
  for (const change of window) yield items.get(change.key) === change ? JSON.stringify(change.key) : lineOf(change);
  for (const result of results) yield JSON.stringify(result);
  for (const id of ids) yield JSON.stringify(id);
}

/** The lines as UTF-8, each with a line end. To be consumed in one synchronous block, as `exportState`. */
export function* exportChunks<Value>(replica: Replica<Value>): Generator<Uint8Array, void, void> {
  const encoder = new TextEncoder();
  for (const line of exportState(replica)) yield encoder.encode(`${line}\n`);
}

/** Throws when the lines are not a complete state in the format of this version. */
export function importState<Value>(lines: Iterable<string>): Replica<Value> {
  const importing = new StateImport<Value>();
  for (const line of lines) importing.take(line);
  return importing.finish();
}

/** `importState` from UTF-8, in pieces of any size. */
export async function importChunks<Value>(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<Replica<Value>> {
  const importing = new StateImport<Value>();
  const decoder = new TextDecoder();
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(LINE_END);
    // Decoding whole lines is much faster than decoding pieces that may end within a character.
    if (end >= 0) {
      const lines = decoder.decode(Buffer.concat([rest, chunk.subarray(0, end)]));
      for (const line of lines.split('\n')) importing.take(line);
    }
    rest = end < 0 ? Buffer.concat([rest, chunk]) : chunk.slice(end + 1);
  }
  return importing.finish();
}

/** Takes the lines one by one, so that the caller need not hold them all. */
class StateImport<Value> {
  readonly #building = build<Value>();
  #replica: Replica<Value> | undefined;

  constructor() {
    this.#building.next();
  }

  /** Throws when the line is not the next line of a state. Lines after the last one are ignored. */
  take(line: string): void {
    if (this.#replica) return;
    const { done, value } = this.#building.next(line);
    if (done === true) this.#replica = value;
  }

  /** Throws when lines are missing. */
  finish(): Replica<Value> {
    if (!this.#replica) throw new Error('snapshot truncated: lines are missing');
    return this.#replica;
  }
}

/** Each `yield` receives the next line. */
function* build<Value>(): Generator<void, Replica<Value>, string> {
  const header = JSON.parse(yield) as Header;
  if (header.state !== FORMAT)
    throw new Error(`unknown snapshot format ${header.state}: this version reads format ${FORMAT}`);
  const { epoch, bounds, sequence, commandId, timestamp, head, floor, lostRemoval, evictions, counts } = header;
  const replica = new Replica<Value>(parseEpoch(epoch), bounds, floor);
  let moment: Moment | undefined;
  const momentAt = (time: number): Moment => (moment = momentOf(moment, replica.epoch, time));
  for (let i = 0; i < counts.items; i++) replica.items.restore(itemOf<Value>(yield, momentAt));
  replica.items.restoreChecksum(header.checksum);
  for (let i = 0; i < counts.changes; i++) {
    const line = yield;
    const change = JSON.parse(line) as Item<Value> | RemovedItem | string;
    // A key stands for its current item, which was read above.
    if (typeof change === 'string') replica.window.push(replica.items.get(change)!);
    else if (isRemoval(change)) replica.window.push(change);
    else {
      const json = valueIn(line, `{"key":${JSON.stringify(change.key)},"value":`, change.value);
      replica.window.push(new StoredItem(momentAt(change.timestamp), { ...change, json }));
    }
  }
  for (let i = 0; i < counts.results; i++) replica.firstResults.remember(...(JSON.parse(yield) as RememberedResult));
  for (let i = 0; i < counts.ids; i++) replica.commandIds.add(JSON.parse(yield) as string);
  replica.isCreated = header.isCreated ?? counts.ids > 0;
  replica.clock.raw = header.logTime;
  replica.clock.ahead = header.ahead ?? 0;
  // Without `ahead` the timestamp may be ahead of the time.
  replica.clock.reach(timestamp);
  return Object.assign(replica, { sequence, commandId, timestamp, head, lostRemoval, evictions });
}

function rowOf({ key, json, position, digest, timestamp, cursor, expiresAt, bytes, following }: Item<unknown>): string {
  const rest = JSON.stringify([position, digest, timestamp, cursor, expiresAt, bytes, following]);
  return `[${JSON.stringify(key)},${json},${rest.slice(1)}`;
}

/** The line of a change that is not a current item. */
function lineOf(change: Change<unknown>): string {
  if (isRemoval(change)) return JSON.stringify(change);
  const { key, json, position, digest, timestamp, cursor, expiresAt, bytes, following } = change;
  const rest = JSON.stringify({ position, digest, timestamp, cursor, expiresAt, bytes, following });
  return `{"key":${JSON.stringify(key)},"value":${json},${rest.slice(1)}`;
}

/** How many members of a line follow the value. None of them holds a comma. */
const AFTER_VALUE = 7;

function itemOf<Value>(line: string, momentAt: (timestamp: number) => Moment): StoredItem<Value> {
  // The whole line is parsed, because not every store checks what it returns.
  const [key, value, position, digest, timestamp, , expiresAt, bytes, following] = JSON.parse(line) as Row;
  const json = valueIn(line, `[${JSON.stringify(key)},`, value);
  return new StoredItem(momentAt(timestamp), { key, json, position, digest, expiresAt, bytes, following });
}

/** The text of the value in an item's line, which starts so. */
function valueIn(line: string, start: string, value: unknown): string {
  // Another program may have written the line with spaces.
  if (!line.startsWith(start)) return stringifyJson(value);
  let end = line.length;
  for (let member = 0; member < AFTER_VALUE; member++) end = line.lastIndexOf(',', end - 1);
  return ownText(line.slice(start.length, end));
}
