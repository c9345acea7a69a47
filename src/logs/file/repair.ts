/**
 * Salvages the sound part of a damaged log: the newest snapshot that is whole, and the entries after it up to the first one that
 * is damaged. Files with anything else are moved aside, to `….damaged`. The epoch stays, so clients whose cursors are ahead of
 * the rest are told by position and digest.
 */
import type { LogEntry } from '../../core/replication/ordered-log.ts';
import type { Epoch } from '../../core/model/position.ts';
import { type OpenDatabase } from './disk/database.ts';
import { damaged, FileLogError, textOf } from './disk/errors.ts';
import { listSegments, listSnapshots, moveAside, type NumberedFile, renameDurably } from './disk/names.ts';
import { Segment } from './disk/segment.ts';
import { readSnapshot } from './disk/snapshot.ts';

interface Scanned {
  readonly path: string;
  readonly first: number;
  /** Undefined when it can't be read. */
  readonly epoch: Epoch | undefined;
  /** The last sound entry; `first - 1` when there is none. */
  readonly last: number;
  /** What is wrong after `last`. */
  readonly damage: string | undefined;
}

/** Returns what it did, for the operator. Throws `damaged` when nothing can be salvaged. */
export function repair(directory: string, openDatabase: OpenDatabase): string[] {
  const files = listSegments(directory);
  const snapshots = listSnapshots(directory);
  if (files.length === 0 && snapshots.length === 0) return [];
  const segments = files.map((file) => scan(file, file === files.at(-1), openDatabase));
  const bases = snapshots.filter(isWhole).map(({ sequence }) => sequence);
  for (const base of [...bases.toReversed(), 0]) {
    const kept = soundFrom(segments, base);
    const last = kept.at(-1)?.last ?? -1;
    if (last < base) continue;
    const notes = [`kept the log up to sequence ${last}`];
    const aside = [
      ...segments.filter((segment) => !kept.includes(segment) && !isSoundBefore(segments, segment, kept)),
      ...snapshots.filter((snapshot) => snapshot.sequence > last || !bases.includes(snapshot.sequence)),
    ];
    // Only the newest segment that is kept may have damage, after its sound entries.
    const newest = kept.at(-1);
    if (newest?.damage !== undefined) notes.push(rewrite(newest, openDatabase));
    for (const { path } of aside) notes.push(`moved ${path} aside`);
    for (const { path } of aside) moveAside(path);
    return notes;
  }
  throw damaged(directory, 'nothing of it can be salvaged. Move it away to begin a new log');
}

/** The segments from the entry of a base on, as far as they are sound and dense. */
function soundFrom(segments: readonly Scanned[], base: number): Scanned[] {
  const kept: Scanned[] = [];
  const from = segments.findLastIndex(({ first }) => first <= Math.max(1, base));
  for (const segment of from < 0 ? [] : segments.slice(from)) {
    const before = kept.at(-1);
    if (segment.epoch === undefined || (before && segment.first !== before.last + 1)) break;
    kept.push(segment);
    if (segment.damage !== undefined) break;
  }
  return kept;
}

/** Whether a segment may stay: all is sound from it up to the segments that are kept. */
function isSoundBefore(segments: readonly Scanned[], segment: Scanned, kept: readonly Scanned[]): boolean {
  const between = segments.filter(({ first }) => first >= segment.first && first < (kept[0]?.first ?? 0));
  const next = [...between.slice(1), ...kept.slice(0, 1)];
  return (
    between.length > 0 && between.every(({ damage, last }, at) => damage === undefined && next[at]?.first === last + 1)
  );
}

function scan({ path, sequence: first }: NumberedFile, isNewest: boolean, openDatabase: OpenDatabase): Scanned {
  let [last, epoch]: [number, Epoch | undefined] = [first - 1, undefined];
  try {
    const segment = isNewest ? Segment.openForAppending(path, openDatabase) : Segment.openSealed(path, openDatabase);
    try {
      epoch = segment.epoch;
      for (const { sequence } of segment.read(first)) last = sequence;
    } finally {
      segment.close();
    }
    return { path, first, epoch, last, damage: undefined };
  } catch (error) {
    if (!(error instanceof FileLogError)) throw error;
    return { path, first, epoch, last, damage: textOf(error) };
  }
}

function rewrite({ path, first, last, epoch, damage }: Scanned, openDatabase: OpenDatabase): string {
  if (!epoch) throw damaged(path, 'its epoch can’t be read');
  const repaired = `${path}.repaired`;
  Segment.create(repaired, { epoch, first, entries: entriesUpTo(path, first, last, openDatabase) }, openDatabase);
  moveAside(path);
  renameDurably(repaired, path);
  return `kept the sound entries of ${path}, and moved the file aside: ${damage}`;
}

function* entriesUpTo(path: string, first: number, last: number, openDatabase: OpenDatabase): Generator<LogEntry> {
  if (last < first) return;
  const segment = Segment.openForAppending(path, openDatabase);
  try {
    for (const entry of segment.read(first)) {
      yield entry;
      if (entry.sequence === last) return;
    }
  } finally {
    segment.close();
  }
}

function isWhole({ path }: NumberedFile): boolean {
  try {
    for (const _frame of readSnapshot(path)) continue;
    return true;
  } catch (error) {
    if (error instanceof FileLogError) return false;
    throw error;
  }
}
