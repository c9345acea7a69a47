/** Snapshots in PostgreSQL: a row for each, and rows for its pieces. A snapshot is visible once it is published. */
import { createHash } from 'node:crypto';
import { LogGoneError, type SnapshotStorage, type StoredSnapshot } from '../remote/driver.ts';
import { inPieces } from '../remote/pieces.ts';
import type { Query } from './connection.ts';
import { REPLACED, STREAM_ID, type Stream } from './stream.ts';

const FORMAT = 1;

interface StoredRows extends StoredSnapshot {
  readonly pieces: number;
}

export function rowStorage(query: Query, stream: () => Stream): SnapshotStorage {
  const remove = async (id: string): Promise<void> => {
    await query(
      'with gone as (delete from seamline.snapshots where id = $1) delete from seamline.snapshot_pieces where snapshot_id = $1',
      [id],
    );
  };
  return {
    async list() {
      const { id: streamId, epoch } = stream();
      const rows = await query(
        `select id, sequence, command_id, bytes, pieces, digest from seamline.snapshots
         where stream_id = ${STREAM_ID} and format = $3 and published`,
        [streamId, epoch, FORMAT],
      );
      return rows.map(([id, sequence, commandId, bytes, pieces, digest]) => {
        return { id, epoch, sequence, commandId, bytes, pieces, digest } as StoredRows;
      });
    },

    async write(head, chunks): Promise<StoredRows> {
      const { id, sequence, commandId } = head;
      const hash = createHash('sha256');
      let [bytes, pieces] = [0, 0];
      try {
        // The row comes first: what a process that is killed leaves behind is found by it.
        const { id: streamId, epoch } = stream();
        const rows = await query(
          `insert into seamline.snapshots (id, stream_id, format, sequence, command_id, bytes, pieces, digest)
           select $3, id, $4, $5, $6, 0, 0, '' from seamline.streams where id = $1 and epoch = $2 returning true`,
          [streamId, epoch, id, FORMAT, sequence, commandId],
        );
        if (rows.length === 0) throw new LogGoneError(REPLACED);
        for await (const piece of inPieces(chunks)) {
          hash.update(piece);
          bytes += piece.length;
          await query('insert into seamline.snapshot_pieces values ($1, $2, $3)', [id, pieces++, piece]);
        }
        const digest = hash.digest('hex');
        await query('update seamline.snapshots set bytes = $2, pieces = $3, digest = $4 where id = $1', [
          id,
          bytes,
          pieces,
          digest,
        ]);
        return { ...head, bytes, pieces, digest };
      } catch (error) {
        await remove(id).catch(() => {});
        throw error;
      }
    },

    async publish({ id }) {
      const rows = await query('update seamline.snapshots set published = true where id = $1 returning true', [id]);
      if (rows.length === 0) throw new Error(`snapshot ${id} is gone`);
    },

    async *read({ id, pieces }: StoredRows, ask) {
      for (let n = 0; n < pieces; n++) {
        const text = 'select data from seamline.snapshot_pieces where snapshot_id = $1 and number = $2';
        const [row] = await ask(() => query(text, [id, n]));
        if (!row) return;
        yield row[0] as Buffer;
      }
    },

    async isWhole({ id, pieces }: StoredRows) {
      const [[count] = []] = await query('select count(*) from seamline.snapshot_pieces where snapshot_id = $1', [id]);
      return count === pieces;
    },

    remove: ({ id }) => remove(id),

    async sweep() {
      const abandoned = await query(
        "select id from seamline.snapshots where stream_id = $1 and not published and made_at < clock_timestamp() - interval '10 minutes'",
        [stream().id],
      );
      for (const [id] of abandoned) await remove(String(id));
    },
  };
}
