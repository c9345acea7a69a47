/**
 * The last sequence that was answered. A store can't tell lost entries from entries that never were: SQLite takes a damaged frame
 * of its write-ahead log for the end of it. So after each flush and before its answer the sequence is written to a file of 32
 * bytes, without a flush: after a crash of the machine the mark may be older than the log, and never newer.
 *
 *     'SLMK'  sealed (4)  sequence (8)  epoch (12)  crc32 of these (4), all big endian
 *
 * Sealed: a flush has failed, and its appends were answered with the fact that nothing was written. Entries after the sequence
 * are cut off when the log is opened again.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { type Epoch, parseEpoch } from '../../../core/model/position.ts';
import { markPath, syncDirectory } from './names.ts';

export interface MarkState {
  readonly epoch: Epoch;
  readonly sequence: number;
  readonly isSealed: boolean;
}

const SIZE = 32;
const MAGIC = 0x534c4d4b;

/** Undefined when there is none; null when it can't be read. */
export function readMark(directory: string): MarkState | undefined | null {
  const path = markPath(directory);
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  if (bytes.length < SIZE || bytes.readUInt32BE(0) !== MAGIC) return null;
  if (bytes.readUInt32BE(SIZE - 4) !== crc32(bytes.subarray(0, SIZE - 4))) return null;
  return {
    isSealed: bytes.readUInt32BE(4) === 1,
    sequence: Number(bytes.readBigUInt64BE(8)),
    epoch: parseEpoch(bytes.toString('latin1', 16, 28)),
  };
}

export class Mark {
  readonly #file: number;
  readonly #bytes = Buffer.alloc(SIZE);

  /** Written and flushed. */
  constructor(directory: string, epoch: Epoch, sequence: number) {
    this.#bytes.writeUInt32BE(MAGIC, 0);
    this.#bytes.write(epoch, 16, 'latin1');
    const path = markPath(directory);
    const isNew = !existsSync(path);
    this.#file = openSync(path, isNew ? 'w+' : 'r+');
    this.note(sequence);
    fsyncSync(this.#file);
    if (isNew) syncDirectory(directory);
  }

  /** All entries up to there are flushed, and about to be answered. */
  note(sequence: number, isSealed = false): void {
    this.#bytes.writeUInt32BE(isSealed ? 1 : 0, 4);
    this.#bytes.writeBigUInt64BE(BigInt(sequence), 8);
    this.#bytes.writeUInt32BE(crc32(this.#bytes.subarray(0, SIZE - 4)), SIZE - 4);
    writeSync(this.#file, this.#bytes, 0, SIZE, 0);
  }

  /** No entry after it was answered. Throws when the seal can't be written. */
  seal(sequence: number): void {
    this.note(sequence, true);
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}
