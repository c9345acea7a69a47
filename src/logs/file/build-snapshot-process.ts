/**
 * Builds one snapshot from the one before and the sealed segments after it. Arguments: the directory, the epoch, and the last
 * sequence of the sealed segments.
 */
import { DEFAULT_BOUNDS } from '../../core/replication/bootstrap.ts';
import { parseEpoch } from '../../core/model/position.ts';
import { Replica } from '../../core/replica/replica.ts';
import { exportChunks, importChunks } from '../../core/replica/snapshot.ts';
import { openDatabase } from './disk/database.ts';
import { FileLogError } from './disk/errors.ts';
import { listSegments, listSnapshots } from './disk/names.ts';
import { Segment } from './disk/segment.ts';
import { readSnapshot, readSnapshotHead, writeSnapshot } from './disk/snapshot.ts';
import { applyTo, runAtLowPriority } from '../process/snapshot-builder.ts';

const [directory = '', givenEpoch = '', upTo = ''] = process.argv.slice(2);
const epoch = parseEpoch(givenEpoch);
const parent = process.ppid;

await runAtLowPriority(async () => {
  const replica = (await newestReplica()) ?? new Replica<unknown>(epoch, DEFAULT_BOUNDS);
  if (replica.sequence >= Number(upTo)) return;
  replay(replica);
  const { sequence, commandId } = replica;
  await writeSnapshot(directory, { epoch, sequence, commandId }, exportChunks(replica), assertWanted);
});

/** After the end of the server the directory may belong to another process. */
function assertWanted(): void {
  if (process.ppid !== parent) throw new Error('the server that started this process has ended');
}

async function newestReplica(): Promise<Replica<unknown> | undefined> {
  for (const { path } of listSnapshots(directory).toReversed()) {
    try {
      if (readSnapshotHead(path).epoch === epoch) return await importChunks(readSnapshot(path));
    } catch (error) {
      // The snapshot before it will do. The server reports the damage when it opens the log.
      if (!(error instanceof FileLogError)) throw error;
    }
  }
  return undefined;
}

function replay(onto: Replica<unknown>): void {
  const segments = listSegments(directory).filter(({ sequence }) => sequence <= Number(upTo));
  const from = segments.findLastIndex(({ sequence }) => sequence <= onto.sequence + 1);
  for (const { path } of segments.slice(Math.max(0, from))) {
    const segment = Segment.openSealed(path, openDatabase);
    try {
      for (const entry of segment.read(onto.sequence + 1)) applyTo(onto, entry);
    } finally {
      segment.close();
    }
  }
}
