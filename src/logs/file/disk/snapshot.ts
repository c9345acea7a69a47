/**
 * A snapshot in a file of frames. Each has a length, a CRC of its number and its bytes, and the bytes. The first frame says what
 * it is a snapshot of, an empty one ends it. The file gets its name once it is flushed and has been read back.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { type Epoch, parseEpoch, type Sequence } from '../../../core/model/position.ts';
import { damaged, reading } from './errors.ts';
import { listSnapshots, renameDurably, snapshotPath } from './names.ts';

export interface SnapshotHead {
  readonly epoch: Epoch;
  readonly sequence: Sequence;
  readonly commandId: string;
}

const FORMAT = 1;
const PREFIX_BYTES = 8;
const FRAME_BYTES = 256 * 1024;
/** Flushed as it grows: one big flush at the end would delay those of the log. */
const FLUSH_BYTES = 8 * 1024 * 1024;
/** The one before the newest is kept for the case that the newest can't be read. */
const KEPT = 2;

export class SnapshotWriter {
  readonly #directory: string;
  readonly #path: string;
  /** Has the id of this process: another one may still be writing, too. */
  readonly #unfinished: string;
  readonly #file: number;
  readonly #assertWanted: () => void;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #frames = 0;
  #unflushed = 0;

  /** `assertWanted` is called from time to time, and throws to stop it. */
  constructor(directory: string, head: SnapshotHead, assertWanted = (): void => {}) {
    this.#directory = directory;
    this.#path = snapshotPath(directory, head.sequence);
    this.#unfinished = `${this.#path}.${process.pid}.new`;
    this.#file = openSync(this.#unfinished, 'w');
    this.#assertWanted = assertWanted;
    this.#writeFrame(Buffer.from(JSON.stringify({ snapshot: FORMAT, ...head })));
  }

  write(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= FRAME_BYTES) this.#writePieces();
  }

  /** Makes it visible, and removes those that are no longer needed. */
  finish(): void {
    this.#writePieces();
    this.#writeFrame(Buffer.alloc(0));
    fdatasyncSync(this.#file);
    for (const _frame of framesOf(this.#unfinished)) continue;
    this.#assertWanted();
    renameDurably(this.#unfinished, this.#path);
    for (const { path } of listSnapshots(this.#directory).slice(0, -KEPT)) rmSync(path);
    closeSync(this.#file);
  }

  abandon(): void {
    closeSync(this.#file);
    rmSync(this.#unfinished, { force: true });
  }

  #writePieces(): void {
    if (this.#bytes > 0) this.#writeFrame(Buffer.concat(this.#pieces));
    this.#pieces = [];
    this.#bytes = 0;
  }

  #writeFrame(bytes: Buffer): void {
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(bytes.length, 0);
    prefix.writeUInt32BE(crc32(bytes, this.#frames++), 4);
    for (const part of [prefix, bytes]) for (let at = 0; at < part.length;) at += writeSync(this.#file, part, at);
    this.#unflushed += bytes.length;
    if (this.#unflushed < FLUSH_BYTES) return;
    fdatasyncSync(this.#file);
    this.#assertWanted();
    this.#unflushed = 0;
  }
}

/** Throws `damaged`. */
export function readSnapshotHead(path: string): SnapshotHead {
  for (const frame of framesOf(path)) return headOf(path, frame);
  throw damaged(path, 'it is empty');
}

/** The content in pieces. Throws `damaged`, at the end at the latest. */
export function* readSnapshot(path: string): Generator<Buffer, void, void> {
  let isHead = true;
  for (const frame of framesOf(path)) {
    if (!isHead) yield frame;
    isHead = false;
  }
}

function headOf(path: string, frame: Buffer): SnapshotHead {
  return reading(path, () => {
    const { snapshot, epoch, sequence, commandId } = JSON.parse(frame.toString()) as SnapshotHead & {
      snapshot: number;
    };
    if (snapshot !== FORMAT)
      throw damaged(path, `its format is ${String(snapshot)}; this version reads format ${FORMAT}`);
    return { epoch: parseEpoch(epoch), sequence, commandId };
  });
}

function* framesOf(path: string): Generator<Buffer, void, void> {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    let at = 0;
    const take = (length: number): Buffer => {
      if (at + length > size) throw damaged(path, `it ends at byte ${size}, within a frame`);
      const bytes = Buffer.allocUnsafe(length);
      for (let read = 0; read < length;) read += readSync(file, bytes, read, length - read, at + read);
      at += length;
      return bytes;
    };
    for (let frames = 0; ; frames++) {
      const start = at;
      const prefix = take(PREFIX_BYTES);
      const bytes = take(prefix.readUInt32BE(0));
      if (crc32(bytes, frames) !== prefix.readUInt32BE(4))
        throw damaged(path, `the CRC of the frame at byte ${start} differs`);
      if (bytes.length === 0) return;
      yield bytes;
    }
  } finally {
    closeSync(file);
  }
}
