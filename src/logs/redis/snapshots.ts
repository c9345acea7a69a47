/**
 * Snapshots in Redis: the pieces of each are a list, and a hash says which there are. A snapshot enters the hash when it is
 * published; until then its list expires, like that of a process that was killed.
 */
import { createHash } from 'node:crypto';
import type { ChainableCommander, Redis } from 'ioredis';
import { parseEpoch } from '../../core/model/position.ts';
import type { SnapshotStorage, StoredSnapshot } from '../remote/driver.ts';
import { inPieces } from '../remote/pieces.ts';
import type { Keys } from './scripts.ts';

const FORMAT = 1;
const ABANDONED_SECONDS = 10 * 60;

interface StoredList extends StoredSnapshot {
  readonly pieces: number;
}

export function listStorage(client: Redis, keys: Keys): SnapshotStorage {
  return {
    async list() {
      const texts = Object.values(await client.hgetall(keys.snapshots));
      return texts.map(snapshotIn).filter((snapshot) => snapshot !== undefined);
    },

    async write(head, chunks): Promise<StoredList> {
      const key = keys.snapshot(head.id);
      const hash = createHash('sha256');
      let [bytes, pieces] = [0, 0];
      try {
        for await (const piece of inPieces(chunks)) {
          hash.update(piece);
          bytes += piece.length;
          pieces++;
          await client.rpush(key, piece);
          await client.expire(key, ABANDONED_SECONDS);
        }
      } catch (error) {
        await client.unlink(key).catch(() => {});
        throw error;
      }
      return { ...head, bytes, pieces, digest: hash.digest('hex') };
    },

    async publish(snapshot) {
      const { id } = snapshot;
      const text = JSON.stringify({ format: FORMAT, ...snapshot });
      await done(client.multi().persist(keys.snapshot(id)).hset(keys.snapshots, id, text));
    },

    async *read({ id, pieces }: StoredList, ask) {
      for (let n = 0; n < pieces; n++) {
        const piece = await ask(() => client.lindexBuffer(keys.snapshot(id), n));
        if (!piece) return;
        yield piece;
      }
    },

    isWhole: async ({ id, pieces }: StoredList) => (await client.llen(keys.snapshot(id))) === pieces,

    async remove({ id }) {
      await done(client.multi().hdel(keys.snapshots, id).unlink(keys.snapshot(id)));
    },
  };
}

/** A transaction whose commands fail resolves with their errors. */
async function done(transaction: ChainableCommander): Promise<void> {
  const failed = (await transaction.exec())?.find(([error]) => error !== null);
  if (failed?.[0]) throw failed[0];
}

/** Undefined for a snapshot of another version. */
function snapshotIn(text: string): StoredList | undefined {
  try {
    const { format, epoch, ...rest } = JSON.parse(text) as StoredList & { format: number };
    return format === FORMAT ? { ...rest, epoch: parseEpoch(epoch) } : undefined;
  } catch {
    return undefined;
  }
}
