/**
 * Snapshots in Redis: the pieces of one are a list, and a hash says which there are. One is in the hash only when it is whole and has
 * been read back; until then its list goes by itself after some minutes, as that of a process that was killed does.
 */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { LogSnapshot } from '../../core/replication/ordered-log.ts';
import { type Epoch, parseEpoch, type Sequence } from '../../core/model/position.ts';
import type { Keys } from './scripts.ts';
import { DamagedError, isSound } from '../remote/snapshot-soundness.ts';

const FORMAT = 1;
/** The newest, and the one before, for the day on which the newest can't be read. */
const KEPT = 2;
const ABANDONED_SECONDS = 10 * 60;
const PIECE_BYTES = 1024 * 1024;

export interface StoredSnapshot {
  readonly id: string;
  readonly epoch: Epoch;
  readonly sequence: Sequence;
  readonly commandId: string;
  readonly bytes: number;
  readonly pieces: number;
  /** SHA-256 of all, in hex. */
  readonly digest: string;
}

export class SnapshotStore {
  readonly #client: Redis;
  readonly #keys: Keys;
  readonly #node = crypto.randomUUID();
  /** Those that have been read to their end. */
  readonly #sound = new Set<string>();

  constructor(client: Redis, keys: Keys) {
    this.#client = client;
    this.#keys = keys;
  }

  /** Whether no other node is making one. For so long the others take this one to be. */
  async claim(forMs: number): Promise<boolean> {
    return (await this.#client.set(this.#keys.maker, this.#node, 'PX', forMs, 'NX')) !== null;
  }

  async release(): Promise<void> {
    const maker = await this.#client.get(this.#keys.maker);
    if (maker === this.#node) await this.#client.del(this.#keys.maker);
  }

  /** Of one log, newest first. */
  async list(epoch: Epoch): Promise<StoredSnapshot[]> {
    return (await this.#all()).filter((snapshot) => snapshot.epoch === epoch);
  }

  /** Read back before it is taken for one. */
  async save(epoch: Epoch, { sequence, commandId, chunks }: LogSnapshot): Promise<StoredSnapshot> {
    const id = `${String(sequence).padStart(16, '0')}-${crypto.randomUUID().slice(0, 8)}`;
    const key = this.#keys.snapshot(id);
    try {
      const hash = createHash('sha256');
      let [bytes, pieces] = [0, 0];
      for await (const piece of inPieces(chunks)) {
        hash.update(piece);
        bytes += piece.length;
        pieces++;
        await this.#client.rpush(key, piece);
        await this.#client.expire(key, ABANDONED_SECONDS);
      }
      const saved = { id, epoch, sequence, commandId, bytes, pieces, digest: hash.digest('hex') };
      for await (const _piece of this.read(saved)) continue;
      await this.#client
        .multi()
        .persist(key)
        .hset(this.#keys.snapshots, id, JSON.stringify({ format: FORMAT, ...saved }))
        .exec();
      return saved;
    } catch (error) {
      await this.#client.unlink(key).catch(() => {});
      throw error;
    }
  }

  /** What was saved, in pieces. Throws when it is damaged, at the latest when it has come to the end. */
  async *read({ id, pieces, digest }: StoredSnapshot): AsyncGenerator<Uint8Array, void, void> {
    const hash = createHash('sha256');
    for (let n = 0; n < pieces; n++) {
      const piece = await this.#client.lindexBuffer(this.#keys.snapshot(id), n);
      if (!piece) throw new DamagedError(`the snapshot ${id} lacks a piece`);
      hash.update(piece);
      yield piece;
    }
    if (hash.digest('hex') !== digest) throw new DamagedError(`the snapshot ${id} is damaged: its digest differs`);
    this.#sound.add(id);
  }

  /**
   * Of this log all but the last two go, and all of logs that are no more. `agrees`: whether the log has what a snapshot was made of,
   * for one that has lost its newest part may have one that is of no use, and newer than the others.
   */
  async tidy(epoch: Epoch, agrees: (snapshot: StoredSnapshot) => Promise<boolean>): Promise<void> {
    let kept = 0;
    for (const snapshot of await this.#all()) {
      const isOurs = snapshot.epoch === epoch && kept < KEPT && (await agrees(snapshot));
      const isKept = isOurs && (this.#sound.has(snapshot.id) || (await isSound(this.read(snapshot))));
      if (isKept) kept++;
      else await this.remove(snapshot);
    }
  }

  async remove({ id }: StoredSnapshot): Promise<void> {
    await this.#client.multi().hdel(this.#keys.snapshots, id).unlink(this.#keys.snapshot(id)).exec();
  }

  /** Newest first. */
  async #all(): Promise<StoredSnapshot[]> {
    const heads = Object.values(await this.#client.hgetall(this.#keys.snapshots)).map(headIn);
    return heads
      .filter((head) => head !== undefined)
      .toSorted((a, b) => b.sequence - a.sequence || (a.id < b.id ? 1 : -1));
  }
}

/** Undefined for one of another version. */
function headIn(text: string): StoredSnapshot | undefined {
  try {
    const { format, epoch, ...rest } = JSON.parse(text) as StoredSnapshot & { format: number };
    return format === FORMAT ? { ...rest, epoch: parseEpoch(epoch) } : undefined;
  } catch {
    return undefined;
  }
}

/** Of a size that costs neither many calls nor long ones. */
async function* inPieces(chunks: LogSnapshot['chunks']): AsyncGenerator<Buffer, void, void> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      const part = chunk.subarray(at, at + PIECE_BYTES);
      waiting.push(part);
      bytes += part.length;
      if (bytes < PIECE_BYTES) continue;
      yield Buffer.concat(waiting);
      [waiting, bytes] = [[], 0];
    }
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}
