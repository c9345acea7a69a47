/**
 * The commands that a log holds, and their encoding. A command is one frame:
 *
 *     'S' 'L'  format  idLength  id (ASCII)  crc32 of all else (4, big endian)  body (UTF-8)
 *
 * The body is one line of JSON, followed by one line of JSON for each inserted value: so its size is known, and its text is made once.
 * A value stays the text that it is in its line.
 * An entry without the magic is foreign and changes nothing. An entry with the magic that can't be read is poison: it stops the
 * replica (`PoisonError`), because nodes that skip it would differ from nodes that can read it.
 */
import { isUtf8 } from 'node:buffer';
import { crc32 } from 'node:zlib';
import type { Item, RemovedItem } from './change.ts';
import type { Cursor } from './position.ts';
import { utf8Length } from './hash.ts';
import { quoted } from './json-text.ts';
import { changeHead, isPlainRemoval, type PlainChange, type PlainInsertion } from './transaction.ts';

/** The limits of a map. They are part of the log, so that all its nodes agree. */
export interface Bounds {
  /** Items in the map. @default 100,000 */
  readonly maxItems: number;
  /** Bytes of UTF-8, keys and values' JSON, over all items. The window has the same bound of its own. @default 256 MiB */
  readonly maxBytes: number;
  /** How many of the newest changes are kept one by one. @default 65,536 */
  readonly window: number;
}

/** A retry with the same key returns the first result. `payload` is a hash of the request: another payload under the same key conflicts. */
export interface Idempotency {
  readonly key: string;
  readonly payload: string;
}

export interface Insertion extends PlainInsertion {
  readonly idempotency?: Idempotency | undefined;
  readonly ifAbsent?: boolean | undefined;
  readonly ifCursor?: Cursor | undefined;
}

export interface Removal {
  readonly key: string;
  readonly idempotency?: Idempotency | undefined;
  readonly ifCursor?: Cursor | undefined;
}

/** `found` creates a log: the name is part of the stored format. */
export type Command =
  | { readonly kind: 'found'; readonly bounds: Bounds }
  | { readonly kind: 'bounds'; readonly bounds: Bounds }
  | { readonly kind: 'insert'; readonly insertions: readonly Insertion[] }
  | { readonly kind: 'remove'; readonly removal: Removal }
  /** Insertions and removals without conditions, in their order. Nobody awaits the outcome. */
  | { readonly kind: 'transaction'; readonly changes: readonly PlainChange[] }
  /** Removes items that have expired by the log's time, or by `at` if that is later: the log's clock as the node that ticks has measured it. */
  | { readonly kind: 'tick'; readonly at?: number | undefined };

/** The outcome of a command: the same on every node. */
export type Outcome<Value> =
  | { readonly kind: 'inserted'; readonly items: readonly Item<Value>[] }
  | { readonly kind: 'removed'; readonly removed: RemovedItem | null }
  | { readonly kind: 'conflict'; readonly reason: string; readonly index: number; readonly cursor: Cursor | null }
  | { readonly kind: 'nothing' };

export const NOTHING = { kind: 'nothing' } as const;

/** A command as read from the log. */
export interface DecodedCommand {
  /** Unique to one append. A replica skips an id that it has applied, so a retried append is harmless. */
  readonly id: string;
  readonly command: Command;
  /** The CRC of the frame. It enters the digest. */
  readonly crc: number;
}

export class PoisonError extends Error {}

const FORMAT = 1;
const MAGIC = [0x53, 0x4c] as const;
const HEADER = 4;
const CRC_BYTES = 4;
const KINDS: ReadonlySet<string> = new Set<Command['kind']>([
  'found',
  'bounds',
  'insert',
  'remove',
  'transaction',
  'tick',
]);

const LINE_END = 0x0a;

const encoder = new TextEncoder();

export function encodeCommand(id: string, command: Command): Uint8Array {
  return frameOf(id, bodyOf(command));
}

/** The frame of a command whose body another program has written: of a transaction in a database. */
export function frameOf(id: string, body: string): Uint8Array {
  // Everything but the CRC is text (an id has fewer than 128 characters): one call encodes it, with a gap for the CRC.
  const header = String.fromCharCode(...MAGIC, FORMAT, id.length);
  const frame = encoder.encode(`${header}${id}\0\0\0\0${body}`);
  const crcAt = HEADER + id.length;
  new DataView(frame.buffer, frame.byteOffset).setUint32(crcAt, crcOf(frame, crcAt));
  return frame;
}

function bodyOf(command: Command): string {
  if (command.kind === 'insert') {
    const { kind, insertions } = command;
    return withValues(`{"kind":"${kind}","insertions":[${insertions.map(withoutValue).join(',')}]}`, insertions);
  }
  if (command.kind !== 'transaction') return JSON.stringify(command);
  const { kind, changes } = command;
  const heads = changes.map((change) => (isPlainRemoval(change) ? JSON.stringify(change) : withoutValue(change)));
  return withValues(`{"kind":"${kind}","changes":[${heads.join(',')}]}`, changes);
}

function withValues(head: string, changes: readonly PlainChange[]): string {
  let body = head;
  for (const change of changes) if (!isPlainRemoval(change)) body += `\n${change.json}`;
  return body;
}

/** Undefined for a foreign entry. Throws `PoisonError` for a frame of ours that this version can't read. */
export function decodeCommand(frame: Uint8Array): DecodedCommand | undefined {
  if (!isOurs(frame)) return undefined;
  if (frame[2] !== FORMAT)
    throw new PoisonError(`unknown command format ${frame[2]}: this version reads format ${FORMAT}`);
  const idLength = frame[3] ?? 0;
  const crcAt = HEADER + idLength;
  if (frame.length < crcAt + CRC_BYTES) throw new PoisonError(`command truncated: ${frame.length} bytes`);
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  const crc = bytes.readUInt32BE(crcAt);
  if (crcOf(frame, crcAt) !== crc) throw new PoisonError('command damaged: CRC mismatch');
  try {
    const body = crcAt + CRC_BYTES;
    if (!isUtf8(bytes.subarray(HEADER, crcAt)) || !isUtf8(bytes.subarray(body))) throw new TypeError('not UTF-8');
    return { id: bytes.toString('utf8', HEADER, crcAt), crc, command: decodeBody(bytes, body) };
  } catch (cause) {
    throw new PoisonError('command damaged: its body is not a command', { cause });
  }
}

/**
 * A command of this process that came back from the log as it was sent: nothing has to be decoded. Undefined when the entry differs from
 * what was sent.
 */
export function decodedAsSent(
  frame: Uint8Array,
  { id, command, frame: sent }: { readonly id: string; readonly command: Command; readonly frame: Uint8Array },
): DecodedCommand | undefined {
  if (frame !== sent && Buffer.compare(frame, sent) !== 0) return undefined;
  return { id, command, crc: new DataView(sent.buffer, sent.byteOffset).getUint32(HEADER + id.length) };
}

/** The id that an undamaged frame has, empty for a foreign entry. Nothing is checked. */
export function peekId(frame: Uint8Array): string {
  if (!isOurs(frame)) return '';
  return Buffer.from(frame.buffer, frame.byteOffset, frame.length).toString('latin1', HEADER, HEADER + (frame[3] ?? 0));
}

/** The id of the command, empty for a foreign entry. Throws `PoisonError`, as `decodeCommand` does. */
export function idOf(frame: Uint8Array): string {
  return decodeCommand(frame)?.id ?? '';
}

// A table in JavaScript is faster below about 300 bytes (64 bytes: 0.08 against 0.24 µs), zlib above (4 KiB: 5.4 against 1.3 µs).
const crcOf = (frame: Uint8Array, crcAt: number): number =>
  crc32(frame.subarray(crcAt + CRC_BYTES), crc32(frame.subarray(0, crcAt)));

const isOurs = (frame: Uint8Array): boolean => frame[0] === MAGIC[0] && frame[1] === MAGIC[1];

/** As JSON. */
function withoutValue({ key, ttl, idempotency, ifAbsent, ifCursor }: Insertion): string {
  // Most insertions have nothing but a key, and this takes a fraction of the time.
  if (ttl === undefined && idempotency === undefined && ifAbsent === undefined && ifCursor === undefined)
    return `{"key":${quoted(key)}}`;
  return JSON.stringify({ key, ttl, idempotency, ifAbsent, ifCursor } satisfies Partial<Insertion>);
}

function decodeBody(bytes: Buffer, start: number): Command {
  let end = lineEnd(bytes, start);
  const command = JSON.parse(bytes.toString('utf8', start, end)) as Command;
  /** Each line becomes a string of its own: the slices of one string would keep all the values of a batch as long as one of them lives. */
  const valueOf = (key: string): Pick<Insertion, 'json' | 'bytes'> => {
    const from = end + 1;
    end = lineEnd(bytes, from);
    const json = bytes.toString('utf8', from, end);
    // The CRC proves that the bytes are those that were written, not that a value is JSON. All nodes must agree on that, and an empty
    // text, where a value is missing, is no JSON either.
    JSON.parse(json);
    return { json, bytes: utf8Length(key) + end - from };
  };
  const decoded = withItsValues(command, valueOf);
  if (end !== bytes.length) throw new TypeError('more values than insertions');
  return decoded;
}

/** `valueOf` reads the next value. */
function withItsValues(command: Command, valueOf: (key: string) => Pick<Insertion, 'json' | 'bytes'>): Command {
  const { kind } = command;
  if (!KINDS.has(kind)) throw new TypeError(`unknown command kind ${JSON.stringify(kind)}`);
  if (kind === 'insert') {
    const insertions = command.insertions.map(({ key, ttl, idempotency, ifAbsent, ifCursor }) => {
      const { json, bytes } = valueOf(key);
      return { key, json, bytes, ttl, idempotency, ifAbsent, ifCursor };
    });
    return { kind, insertions };
  }
  if (kind !== 'transaction') return command;
  const changes = command.changes.map((given: unknown): PlainChange => {
    const head = changeHead(given);
    if ('removed' in head) return head;
    const { key, ttl } = head;
    const { json, bytes } = valueOf(key);
    return { key, json, bytes, ttl };
  });
  return { kind, changes };
}

function lineEnd(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(LINE_END, from);
  return at < 0 ? bytes.length : at;
}
