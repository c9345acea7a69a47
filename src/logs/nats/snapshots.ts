/**
 * Snapshots in JetStream's object store, whose objects are visible once they are whole. The name of an object is the id of the
 * snapshot, its description says what it is a snapshot of.
 *
 * The client's object store writes them. To list and read, it would open consumers, which wait without end when the connection
 * goes or an object is removed; here each piece is requested, and answered in time or not at all.
 */
import { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import { type ObjectInfo, type ObjectStore, Objm, StorageType } from '@nats-io/obj';
import { parseEpoch } from '../../core/model/position.ts';
import type { SnapshotHead, SnapshotStorage, StoredSnapshot } from '../remote/driver.ts';
import { bucketOf, infoOf, isMissing } from './stream.ts';

const FORMAT = 1;
/** Pieces without an object that are older than this belong to a process that was killed, in ms. */
const ABANDONED_MS = 10 * 60_000;
const [RETRY_MS, MAX_RETRIES] = [100, 10];

interface StoredObject extends StoredSnapshot {
  /** The last token of the subject of its pieces. */
  readonly nuid: string;
  readonly pieces: number;
}

export function objectStorage(jsm: JetStreamManager, stream: string, replicas: number): SnapshotStorage {
  const bucket = bucketOf(stream);
  const bucketStream = `OBJ_${bucket}`;

  /** Created if it isn't there. */
  const open = async (): Promise<ObjectStore> => {
    const store = await new Objm(jsm.jetstream()).create(bucket, { storage: StorageType.File, replicas });
    await infoOf(jsm, bucketStream);
    return store;
  };

  /** `M`: what objects there are; `C`: their pieces. */
  const subjectFor = (kind: 'M' | 'C', name: string): string => `$O.${bucket}.${kind}.${name}`;

  /** How many entries each of the subjects has that match. */
  const countsOf = async (subject: string): Promise<Readonly<Record<string, number>>> => {
    await infoOf(jsm, bucketStream);
    const { state } = await jsm.streams.info(bucketStream, { subjects_filter: subject });
    return state.subjects ?? {};
  };

  const subjects = async (kind: 'M' | 'C'): Promise<string[]> => Object.keys(await countsOf(subjectFor(kind, '>')));

  const purge = (filter: string): Promise<unknown> => jsm.streams.purge(bucketStream, { filter });

  /** Any server that has the piece may answer, and some get it later than others. */
  const pieceFrom = async (subject: string, from: number): Promise<StoredMsg | null> => {
    for (let retries = 0; ; retries++) {
      const piece = await jsm.direct.getMessage(bucketStream, { seq: from, next_by_subj: subject });
      if (piece || retries === MAX_RETRIES) return piece;
      await sleep(RETRY_MS);
    }
  };

  return {
    async list() {
      const stored: StoredObject[] = [];
      const existing = await subjects('M').catch(async (error: unknown) => {
        if (!isMissing(error)) throw error;
        await open();
        return [];
      });
      for (const subject of existing) {
        const message = await jsm.streams.getMessage(bucketStream, { last_by_subj: subject });
        const snapshot = message && snapshotIn(message.json<ObjectInfo>());
        if (snapshot) stored.push(snapshot);
      }
      return stored;
    },

    async write({ id, ...head }, chunks): Promise<StoredObject> {
      const description = JSON.stringify({ snapshot: FORMAT, ...head });
      // Node's type of a stream and the web's are the same but for their names.
      const content = ReadableStream.from(chunks) as unknown as Parameters<ObjectStore['put']>[1];
      const { nuid, size, chunks: pieces, digest } = await (await open()).put({ name: id, description }, content);
      return { id, ...head, nuid, pieces, bytes: size, digest: hexOf(digest) };
    },

    async *read({ nuid, bytes }: StoredObject, ask) {
      let [read, next] = [0, 1];
      while (read < bytes) {
        const from = next;
        const piece = await ask(() => pieceFrom(subjectFor('C', nuid), from));
        if (!piece || piece.data.length === 0) return;
        read += piece.data.length;
        next = piece.seq + 1;
        yield piece.data;
      }
    },

    async isWhole({ nuid, pieces }: StoredObject) {
      const subject = subjectFor('C', nuid);
      return ((await countsOf(subject))[subject] ?? 0) >= pieces;
    },

    /** The object store's own `delete` would keep the name for ever. */
    async remove({ id, nuid }: StoredObject) {
      const name = Buffer.from(id).toString('base64url');
      await purge(subjectFor('M', name.padEnd(Math.ceil(name.length / 4) * 4, '=')));
      await purge(subjectFor('C', nuid));
    },

    async sweep(known: readonly StoredObject[]) {
      const expected = new Set(known.map(({ nuid }) => subjectFor('C', nuid)));
      for (const subject of await subjects('C')) {
        if (expected.has(subject)) continue;
        const newest = await jsm.streams.getMessage(bucketStream, { last_by_subj: subject });
        if (newest && newest.time.getTime() < Date.now() - ABANDONED_MS) await purge(subject);
      }
    },
  };
}

/** Undefined for an object of somebody else, and for a snapshot of another version. */
function snapshotIn({
  name,
  description = '',
  size,
  chunks,
  deleted,
  nuid,
  digest,
}: ObjectInfo): StoredObject | undefined {
  if (deleted) return undefined;
  try {
    const { snapshot, epoch, ...head } = JSON.parse(description) as Omit<SnapshotHead, 'id'> & { snapshot: number };
    if (snapshot !== FORMAT) return undefined;
    return { ...head, id: name, epoch: parseEpoch(epoch), nuid, pieces: chunks, bytes: size, digest: hexOf(digest) };
  } catch {
    return undefined;
  }
}

/** The object store writes `SHA-256=` and the digest in base64url. */
const hexOf = (digest: string): string => Buffer.from(digest.replace('SHA-256=', ''), 'base64url').toString('hex');
