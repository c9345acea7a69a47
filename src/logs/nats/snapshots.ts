/**
 * Snapshots in JetStream's object store. One is an object `<sequence in 16 digits>-<unique>`, which says in its description what it is
 * of; others see it once it is whole. Two nodes may make one at the same time: each has a name of its own.
 *
 * The client's object store writes them. To list and to read, it opens consumers, which wait for ever when the connection goes or an
 * object does; here each piece is asked for, and answered in time or not at all.
 */
import { createHash } from 'node:crypto';
import { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager, type StoredMsg } from '@nats-io/jetstream';
import { type ObjectInfo, type ObjectStore, Objm, StorageType } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import type { LogSnapshot } from '../../core/replication/ordered-log.ts';
import { type Epoch, parseEpoch, type Sequence } from '../../core/model/position.ts';
import { bucketOf } from './stream.ts';
import { DamagedError, isSound } from '../remote/snapshot-soundness.ts';

const FORMAT = 1;
/** The newest, and the one before, for the day on which the newest can't be read. */
const KEPT = 2;
/** Pieces of an object that nobody has finished for so long are left behind by a process that was killed, in ms. */
const ABANDONED_MS = 10 * 60_000;

const [RETRY_MS, PATIENCE] = [100, 10];

export interface StoredSnapshot {
  readonly epoch: Epoch;
  readonly sequence: Sequence;
  readonly commandId: string;
  readonly bytes: number;
  /** Where it is. */
  readonly subject: string;
  readonly id: string;
  /** As the object store writes it. */
  readonly digest: string;
}

export class SnapshotStore {
  readonly #jsm: JetStreamManager;
  readonly #objects: ObjectStore;
  readonly #stream: string;
  readonly #prefix: string;
  /** Those that have been read to their end. */
  readonly #sound = new Set<string>();

  private constructor(jsm: JetStreamManager, objects: ObjectStore, stream: string) {
    this.#jsm = jsm;
    this.#objects = objects;
    this.#stream = `OBJ_${bucketOf(stream)}`;
    this.#prefix = `$O.${bucketOf(stream)}`;
  }

  /** It is made when it isn't there. */
  static async open(client: NatsConnection, stream: string, replicas: number): Promise<SnapshotStore> {
    const objects = await new Objm(client).create(bucketOf(stream), { storage: StorageType.File, replicas });
    return new SnapshotStore(await jetstreamManager(client, { checkAPI: false }), objects, stream);
  }

  /** Of one log, newest first. */
  async list(epoch: Epoch): Promise<StoredSnapshot[]> {
    return (await this.#all()).filter((snapshot) => snapshot.epoch === epoch);
  }

  /** Read back before it is taken for one. */
  async save(epoch: Epoch, { sequence, commandId, chunks }: LogSnapshot): Promise<StoredSnapshot> {
    const name = `${String(sequence).padStart(16, '0')}-${crypto.randomUUID().slice(0, 8)}`;
    const description = JSON.stringify({ snapshot: FORMAT, epoch, sequence, commandId });
    // Node's own type of it, which differs from the web's in words only.
    const stream = ReadableStream.from(chunks) as unknown as Parameters<ObjectStore['put']>[1];
    const { nuid, size, digest } = await this.#objects.put({ name, description }, stream);
    const subject = `${this.#prefix}.M.${base64(name)}`;
    const saved = { epoch, sequence, commandId, subject, id: nuid, bytes: size, digest };
    try {
      for await (const _piece of this.read(saved)) continue;
    } catch (error) {
      await this.remove(saved);
      throw error;
    }
    return saved;
  }

  /** What was saved, in pieces. Throws when it is damaged, at the latest when it has come to the end. */
  async *read({ subject, id, bytes, digest }: StoredSnapshot): AsyncGenerator<Uint8Array, void, void> {
    const hash = createHash('sha256');
    const pieces = `${this.#prefix}.C.${id}`;
    let [read, next] = [0, 1];
    while (read < bytes) {
      const piece = await this.#piece(pieces, next);
      if (!piece || piece.data.length === 0) throw new DamagedError(`the snapshot ${subject} lacks a piece`);
      hash.update(piece.data);
      read += piece.data.length;
      next = piece.seq + 1;
      yield piece.data;
    }
    if (`SHA-256=${hash.digest('base64url')}` !== digest.replace(/=+$/, ''))
      throw new DamagedError(`the snapshot ${subject} is damaged: its digest differs`);
    this.#sound.add(id);
  }

  /**
   * Of this log all but the last two go, of logs that are no more all, and what was never finished. `agrees`: whether the log has what a
   * snapshot was made of, for one that has lost its newest part may have one that is of no use, and newer than the others.
   */
  async tidy(epoch: Epoch, agrees: (snapshot: StoredSnapshot) => Promise<boolean>): Promise<void> {
    const stored = await this.#all();
    let kept = 0;
    for (const snapshot of stored) {
      const isOurs = snapshot.epoch === epoch && kept < KEPT && (await agrees(snapshot));
      const isKept = isOurs && (this.#sound.has(snapshot.id) || (await isSound(this.read(snapshot))));
      if (isKept) kept++;
      else await this.remove(snapshot);
    }
    const known = new Set(stored.map(({ id }) => id));
    for (const subject of await this.#subjects('C')) {
      if (known.has(subject.slice(`${this.#prefix}.C.`.length))) continue;
      const newest = await this.#jsm.streams.getMessage(this.#stream, { last_by_subj: subject });
      if (newest && newest.time.getTime() < Date.now() - ABANDONED_MS) await this.#purge(subject);
    }
  }

  /** Not as the object store does, which would remember its name for ever. */
  async remove({ subject, id }: StoredSnapshot): Promise<void> {
    await this.#purge(subject);
    await this.#purge(`${this.#prefix}.C.${id}`);
  }

  /** From any server that has it, and one may have it a little later than another. */
  async #piece(subject: string, from: number): Promise<StoredMsg | null> {
    for (let attempt = 0; ; attempt++) {
      const piece = await this.#jsm.direct.getMessage(this.#stream, { seq: from, next_by_subj: subject });
      if (piece || attempt === PATIENCE) return piece;
      await sleep(RETRY_MS);
    }
  }

  /** Newest first. */
  async #all(): Promise<StoredSnapshot[]> {
    const stored: StoredSnapshot[] = [];
    for (const subject of await this.#subjects('M')) {
      const message = await this.#jsm.streams.getMessage(this.#stream, { last_by_subj: subject });
      const head = message && headOf(subject, message.json<ObjectInfo>());
      if (head) stored.push(head);
    }
    return stored.toSorted((a, b) => b.sequence - a.sequence || (a.id < b.id ? 1 : -1));
  }

  async #subjects(kind: 'M' | 'C'): Promise<string[]> {
    const { state } = await this.#jsm.streams.info(this.#stream, { subjects_filter: `${this.#prefix}.${kind}.>` });
    return Object.keys(state.subjects ?? {});
  }

  async #purge(filter: string): Promise<void> {
    await this.#jsm.streams.purge(this.#stream, { filter });
  }
}

/** As the object store names subjects. */
function base64(name: string): string {
  const text = Buffer.from(name).toString('base64url');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

/** Undefined for what somebody else has put there, and for a snapshot of another version. */
function headOf(
  subject: string,
  { description = '', size, deleted, nuid, digest }: ObjectInfo,
): StoredSnapshot | undefined {
  if (deleted) return undefined;
  try {
    const { snapshot, epoch, sequence, commandId } = JSON.parse(description) as StoredSnapshot & { snapshot: number };
    if (snapshot !== FORMAT) return undefined;
    return { epoch: parseEpoch(epoch), sequence, commandId, bytes: size, subject, id: nuid, digest };
  } catch {
    return undefined;
  }
}
