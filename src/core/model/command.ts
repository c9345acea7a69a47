/**
 * What a log holds. A command in a log is a frame:
 *
 *     'S' 'L'  format  idLength  id (ASCII)  crc32 of all else (4, big endian)  body (UTF-8)
 *
 * The body is one line of JSON; behind it each inserted value has a JSON line of its own, so that its size is known and its
 * text is made once. What doesn't start with the magic is a foreign entry and changes nothing; what does, but can't be
 * read, is poison: it stops the replica (`PoisonError`), for skipping it would make nodes differ.
 */
import type { Cursor } from './position.ts';
import { crc32, utf8Length } from './hash.ts';

/** What apply depends on beside the commands themselves: part of the log, so that all nodes agree. */
export interface Bounds {
  readonly maxItems: number;
  /** UTF-8 of key and of the value's JSON, over all items. */
  readonly maxBytes: number;
  /** How many of the newest changes are kept one by one. */
  readonly window: number;
}

/** Makes a retry answer with the first result. `payload` is a hash of the request: the same key with another one conflicts. */
export interface Idempotency {
  readonly key: string;
  readonly payload: string;
}

export interface Insertion<Value> {
  readonly key: string;
  readonly value: Value;
  /** UTF-8 bytes of the key and of the value's JSON. */
  readonly bytes: number;
  /** Seconds. */
  readonly ttl?: number | undefined;
  readonly idempotency?: Idempotency | undefined;
  readonly ifAbsent?: boolean | undefined;
  readonly ifCursor?: Cursor | undefined;
}

export interface Removal {
  readonly key: string;
  readonly idempotency?: Idempotency | undefined;
  readonly ifCursor?: Cursor | undefined;
}

export type Command<Value> =
  | { readonly kind: 'found'; readonly bounds: Bounds }
  | { readonly kind: 'bounds'; readonly bounds: Bounds }
  | { readonly kind: 'insert'; readonly insertions: readonly Insertion<Value>[] }
  | { readonly kind: 'remove'; readonly removal: Removal }
  /** Nothing but time: removes what is due. */
  | { readonly kind: 'tick' };

/** A command as the log gave it back. */
export interface DecodedCommand<Value> {
  /** Unique to one append: apply skips an id that it has seen, so a retried append is harmless. */
  readonly id: string;
  readonly command: Command<Value>;
  /** Enters the digest: it stands for the whole frame. */
  readonly crc: number;
}

export class PoisonError extends Error {}

const FORMAT = 1;
const MAGIC = [0x53, 0x4c] as const;
const HEADER = 4;
const CRC_BYTES = 4;
const KINDS: ReadonlySet<string> = new Set<Command<unknown>['kind']>(['found', 'bounds', 'insert', 'remove', 'tick']);

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** `values` are the JSON texts of the insertions' values, in their order. */
export function encodeCommand(id: string, command: Command<unknown>, values: readonly string[] = []): Uint8Array {
  const head = JSON.stringify(command.kind === 'insert' ? withoutValues(command.insertions) : command);
  // All but the CRC is text (an id is below 128 characters): encoded in one go, with a gap that the CRC is then written to.
  const header = String.fromCharCode(...MAGIC, FORMAT, id.length);
  const frame = encoder.encode(`${header}${id}\0\0\0\0${[head, ...values].join('\n')}`);
  const crcAt = HEADER + id.length;
  new DataView(frame.buffer, frame.byteOffset).setUint32(crcAt, crcOf(frame, crcAt));
  return frame;
}

/** Undefined for a foreign entry. Throws `PoisonError` for a frame of ours that this version can't read. */
export function decodeCommand<Value>(frame: Uint8Array): DecodedCommand<Value> | undefined {
  if (frame[0] !== MAGIC[0] || frame[1] !== MAGIC[1]) return undefined;
  if (frame[2] !== FORMAT) throw new PoisonError(`command of format ${frame[2]}; this version reads format ${FORMAT}`);
  const idLength = frame[3] ?? 0;
  const crcAt = HEADER + idLength;
  if (frame.length < crcAt + CRC_BYTES) throw new PoisonError('command cut short');
  const crc = new DataView(frame.buffer, frame.byteOffset).getUint32(crcAt);
  if (crcOf(frame, crcAt) !== crc) throw new PoisonError('command damaged: its CRC differs');
  try {
    const id = decoder.decode(frame.subarray(HEADER, crcAt));
    return { id, crc, command: decodeBody(decoder.decode(frame.subarray(crcAt + CRC_BYTES))) };
  } catch (cause) {
    throw new PoisonError('command unreadable', { cause });
  }
}

/** The id of the command; empty for a foreign entry. Throws as `decodeCommand` does. */
export function idOf(frame: Uint8Array): string {
  return decodeCommand(frame)?.id ?? '';
}

const crcOf = (frame: Uint8Array, crcAt: number): number => crc32(frame, crc32(frame, 0, 0, crcAt), crcAt + CRC_BYTES);

type WithoutValue = Omit<Insertion<unknown>, 'value' | 'bytes'>;

function withoutValues(insertions: readonly Insertion<unknown>[]): { kind: 'insert'; insertions: WithoutValue[] } {
  return {
    kind: 'insert',
    insertions: insertions.map(({ key, ttl, idempotency, ifAbsent, ifCursor }) => ({
      key,
      ttl,
      idempotency,
      ifAbsent,
      ifCursor,
    })),
  };
}

function decodeBody<Value>(body: string): Command<Value> {
  const [head = '', ...values] = body.split('\n');
  const command = JSON.parse(head) as Command<Value>;
  if (!KINDS.has(command.kind)) throw new TypeError(`a command of kind ${command.kind as string}`);
  if (command.kind !== 'insert') return command;
  const insertions = command.insertions.map(({ key, ttl, idempotency, ifAbsent, ifCursor }, index) => {
    // A value that is missing is no JSON.
    const json = values[index] ?? '';
    const value = JSON.parse(json) as Value;
    return { key, value, bytes: utf8Length(key) + utf8Length(json), ttl, idempotency, ifAbsent, ifCursor };
  });
  return { kind: 'insert', insertions };
}
