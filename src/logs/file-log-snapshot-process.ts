/**
 * Makes one snapshot: reads the one before, replays the sealed segments on top of it, and ends when it is there. A process and not a
 * thread, so that its memory goes with it, its garbage is collected by cores of its own choice, and a machine that is short of
 * either takes it from here first.
 *
 * Called with a directory, an epoch and the sequence up to which the sealed segments go.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { decodeCommand } from '../core/command.ts';
import { DEFAULT_BOUNDS } from '../core/follower.ts';
import { messageOf } from '../core/logger.ts';
import { parseEpoch } from '../core/position.ts';
import { Replica } from '../core/replica.ts';
import { exportState, importState } from '../core/state.ts';
import { openDatabase } from './file-log-database.ts';
import { FileLogError } from './file-log-errors.ts';
import { listSegments, listSnapshots } from './file-log-names.ts';
import { Segment } from './file-log-segment.ts';
import { FAILED, readSnapshot, readSnapshotHead, SnapshotWriter } from './file-log-snapshot.ts';

const [directory = '', givenEpoch = '', upTo = ''] = process.argv.slice(2);
const epoch = parseEpoch(givenEpoch);
const parent = process.ppid;

try {
  make();
} catch (error) {
  // Not the error itself: a parser's quotes what it was given, and values are nobody's business but their readers'.
  process.stderr.write(`${FAILED}${messageOf(error)}\n`);
  process.exitCode = 1;
}

function make(): void {
  yieldToOthers();
  const replica = newestReplica() ?? new Replica<unknown>(epoch, DEFAULT_BOUNDS);
  if (replica.sequence >= Number(upTo)) return;
  replay(replica);
  write(replica);
}

function yieldToOthers(): void {
  try {
    setPriority(10);
    // Linux, where each thread has a priority of its own: those that collect the garbage, too.
    for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), 10);
    // What is killed first when memory runs out.
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Then not.
  }
}

/** Whoever has the directory by now must not meet us in it. */
function assertWanted(): void {
  if (process.ppid !== parent) throw new Error('the server is gone');
}

function newestReplica(): Replica<unknown> | undefined {
  for (const { path } of listSnapshots(directory).toReversed()) {
    try {
      if (readSnapshotHead(path).epoch === epoch) return importState(linesOf(readSnapshot(path)));
    } catch (error) {
      // The one before will do. Who opens the log is told.
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
      for (const { sequence, time, data } of segment.read(onto.sequence + 1)) {
        const decoded = decodeCommand<unknown>(data);
        if (decoded) onto.apply(sequence, time, decoded);
        else onto.skip(sequence);
      }
    } finally {
      segment.close();
    }
  }
}

function write(replica: Replica<unknown>): void {
  const { sequence, commandId } = replica;
  const writer = new SnapshotWriter(directory, { epoch, sequence, commandId }, assertWanted);
  try {
    for (const line of exportState(replica)) writer.write(Buffer.from(`${line}\n`));
    writer.finish();
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

function* linesOf(chunks: Iterable<Buffer>): Generator<string, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
