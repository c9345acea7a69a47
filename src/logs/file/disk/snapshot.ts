/**
 * A snapshot in a file of frames. Each has a length, a CRC of its number and its bytes, and the bytes. The first frame says what
 * it is a snapshot of, an empty one ends it. The file gets its name once it is flushed and has been read back.
 */
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { LogSnapshot } from '../../../core/replication/ordered-log.ts';
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

/**
 * Writes a snapshot, and removes those that are no longer needed. It leaves nothing behind when it throws. A server that saves the
 * state of its map by itself serves clients between the pieces. `assertWanted` is called from time to time, and throws to stop it.
 */
export async function writeSnapshot(
  directory: string,
  head: SnapshotHead,
  chunks: LogSnapshot['chunks'],
  assertWanted = (): void => {},
): Promise<void> {
  const path = snapshotPath(directory, head.sequence);
  // Has the id of this process: another one may still be writing, too.
  const unfinished = `${path}.${process.pid}.new`;
  const file = await open(unfinished, 'w');
  try {
    let [frames, unflushed] = [0, 0];
    for await (const bytes of framed(head, chunks)) {
      const prefix = Buffer.alloc(PREFIX_BYTES);
      prefix.writeUInt32BE(bytes.length, 0);
      prefix.writeUInt32BE(crc32(bytes, frames++), 4);
      await file.appendFile(Buffer.concat([prefix, bytes]));
      unflushed += bytes.length;
      if (unflushed < FLUSH_BYTES) continue;
      await file.datasync();
      assertWanted();
      unflushed = 0;
    }
    await file.datasync();
    for (const _frame of framesOf(unfinished)) await nextTurn();
    assertWanted();
    renameDurably(unfinished, path);
    for (const older of listSnapshots(directory).slice(0, -KEPT)) rmSync(older.path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function* framed(head: SnapshotHead, chunks: LogSnapshot['chunks']): AsyncGenerator<Buffer, void, void> {
  yield Buffer.from(JSON.stringify({ snapshot: FORMAT, ...head }));
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    pieces.push(chunk);
    bytes += chunk.length;
    if (bytes < FRAME_BYTES) continue;
    yield Buffer.concat(pieces);
    [pieces, bytes] = [[], 0];
  }
  if (bytes > 0) yield Buffer.concat(pieces);
  yield Buffer.alloc(0);
}

/** Whether the file ends with the frame that ends a snapshot. */
export function isEnded(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const end = Buffer.alloc(PREFIX_BYTES, 0xff);
    const { size } = fstatSync(file);
    return (
      size > 2 * PREFIX_BYTES &&
      readSync(file, end, 0, PREFIX_BYTES, size - PREFIX_BYTES) > 0 &&
      end.readUInt32BE(0) === 0
    );
  } finally {
    closeSync(file);
  }
}

/** Throws `damaged`. */
export function readSnapshotHead(path: string): SnapshotHead {
  for (const frame of framesOf(path))
    return reading(path, () => {
      const head = JSON.parse(frame.toString()) as SnapshotHead & { snapshot: number };
      if (head.snapshot !== FORMAT)
        throw damaged(path, `its format is ${String(head.snapshot)}; this version reads format ${FORMAT}`);
      return { epoch: parseEpoch(head.epoch), sequence: head.sequence, commandId: head.commandId };
    });
  throw damaged(path, 'it is empty');
}

/** The content in pieces. Throws `damaged`, at the end at the latest. */
export function* readSnapshot(path: string): Generator<Buffer, void, void> {
  const frames = framesOf(path);
  // The head.
  frames.next();
  yield* frames;
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
