/** The snapshots of a log in its engine: verified when they are saved and whenever they are read, the newest two kept. */
import { createHash } from 'node:crypto';
import type { LogSnapshot } from '../../core/replication/ordered-log.ts';
import type { Epoch } from '../../core/model/position.ts';
import type { Ask, SnapshotStorage, StoredSnapshot } from './driver.ts';

/** The one before the newest is kept for the case that the newest can't be read. */
const KEPT = 2;

/** Unlike an engine that can't be reached, a damaged snapshot is of no use to anybody. */
class DamagedSnapshotError extends Error {}

export class SnapshotStore {
  readonly #storage: SnapshotStorage;
  readonly #ask: Ask;
  /** Ids of those that have been read to their end. */
  readonly #verified = new Set<string>();

  /** `ask`: how pieces are requested. */
  constructor(storage: SnapshotStorage, ask: Ask) {
    this.#storage = storage;
    this.#ask = ask;
  }

  /** Of one log, newest first. */
  async list(epoch: Epoch): Promise<StoredSnapshot[]> {
    return (await this.#all()).filter((snapshot) => snapshot.epoch === epoch);
  }

  isWhole(snapshot: StoredSnapshot): Promise<boolean> {
    return this.#storage.isWhole(snapshot);
  }

  /** Visible once it has been read back. */
  async save(epoch: Epoch, { sequence, commandId, chunks }: LogSnapshot): Promise<void> {
    const id = `${String(sequence).padStart(16, '0')}-${crypto.randomUUID().slice(0, 8)}`;
    const saved = await this.#storage.write({ id, epoch, sequence, commandId }, chunks);
    try {
      await this.#verify(saved);
      await this.#storage.publish?.(saved);
    } catch (error) {
      await this.#storage.remove(saved);
      throw error;
    }
  }

  /** The content in pieces. A damaged snapshot throws, at its end at the latest. */
  async *read(snapshot: StoredSnapshot): AsyncGenerator<Uint8Array, void, void> {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const piece of this.#storage.read(snapshot, this.#ask)) {
      hash.update(piece);
      bytes += piece.length;
      yield piece;
    }
    const { id } = snapshot;
    if (bytes < snapshot.bytes)
      throw new DamagedSnapshotError(`snapshot ${id} is damaged: ${bytes} of ${snapshot.bytes} bytes are there`);
    if (hash.digest('hex') !== snapshot.digest)
      throw new DamagedSnapshotError(`snapshot ${id} is damaged: its digest differs`);
    this.#verified.add(id);
  }

  /**
   * Removes all but the newest two of this log, and all of other logs. `isInLog`: whether the log holds the command that a
   * snapshot was made of. One that has lost its newest part may have a snapshot of that part, newer than all others.
   */
  async tidy(epoch: Epoch, isInLog: (snapshot: StoredSnapshot) => Promise<boolean>): Promise<void> {
    const stored = await this.#all();
    let kept = 0;
    for (const snapshot of stored) {
      const isUseful =
        snapshot.epoch === epoch && kept < KEPT && (await isInLog(snapshot)) && (await this.#isSound(snapshot));
      if (isUseful) kept++;
      else await this.#storage.remove(snapshot);
    }
    await this.#storage.sweep?.(stored);
  }

  async #isSound(snapshot: StoredSnapshot): Promise<boolean> {
    try {
      if (!this.#verified.has(snapshot.id)) await this.#verify(snapshot);
      return true;
    } catch (error) {
      if (error instanceof DamagedSnapshotError) return false;
      throw error;
    }
  }

  async #verify(snapshot: StoredSnapshot): Promise<void> {
    for await (const _piece of this.read(snapshot)) continue;
  }

  /** Newest first. */
  async #all(): Promise<StoredSnapshot[]> {
    const stored = await this.#storage.list();
    return stored.toSorted((a, b) => b.sequence - a.sequence || (a.id < b.id ? 1 : -1));
  }
}
