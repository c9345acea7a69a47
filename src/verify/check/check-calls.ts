/** Checks the answers to the writers: G7 and G3. */
import type { Read, Recording, Report, Write } from './history.ts';
import { type Change, identityOf, type KnownChanges } from './known-changes.ts';

export function checkCalls({ writes, reads }: Recording, known: KnownChanges, report: Report): void {
  checkTimestamps(known, report);
  checkRealTime(known, report);
  checkRepeats(writes, report);
  checkBatches(known, report);
  for (const write of writes) checkCondition(write, known, report);
  for (const read of reads) checkRead(read, known, report);
}

function checkTimestamps({ changes }: KnownChanges, report: Report): void {
  let before: Change | undefined;
  for (const change of changes) {
    if (before && change.timestamp < before.timestamp)
      report('G3', change.key, `${change.timestamp} at ${change.cursor} is earlier than ${before.timestamp} before it`);
    before = change;
  }
}

/** A call that starts after an answer has a later position. */
function checkRealTime({ changes }: KnownChanges, report: Report): void {
  const called = changes.filter(({ startedAt }) => startedAt > -Infinity).sort((a, b) => a.startedAt - b.startedAt);
  const answered = changes
    .filter(({ answeredAt }) => answeredAt < Infinity)
    .sort((a, b) => a.answeredAt - b.answeredAt);
  let newest: Change | undefined;
  let next = 0;
  for (const change of called) {
    for (let other = answered[next]; other && other.answeredAt < change.startedAt; other = answered[++next])
      if (!newest || other.cursor > newest.cursor) newest = other;
    if (newest && change.cursor < newest.cursor)
      report(
        'G3',
        change.key,
        `called after the change at ${newest.cursor} was answered, but applied at ${change.cursor}`,
      );
  }
}

function checkRepeats(writes: readonly Write[], report: Report): void {
  const first = new Map<string, string | null>();
  for (const { id, inputs, results } of writes) {
    for (const [index, input] of inputs.entries()) {
      const identity = identityOf(input);
      if (identity === undefined || !results) continue;
      const cursor = results[index]?.cursor ?? null;
      const before = first.get(identity);
      if (before === undefined) first.set(identity, cursor);
      else if (before !== cursor)
        report('G7', id, `a retry for ${input.key} was answered ${String(cursor)}, the first call ${String(before)}`);
    }
  }
}

function checkBatches(known: KnownChanges, report: Report): void {
  for (const { write, first, last } of known.batches) {
    const cursors = (write.results ?? []).map((result) => result?.cursor ?? '');
    const isRising = cursors.every((cursor, index) => index === 0 || cursor > (cursors[index - 1] ?? ''));
    if (!isRising) report('G3', write.id, 'the positions of a batch don’t rise');
    else if (known.indexAfter(last) - known.indexAfter(first) !== cursors.length - 1)
      report('G7', write.id, `another change lies inside the batch from ${first} to ${last}`);
  }
}

/** The condition of a write that succeeded must have held at its position. */
function checkCondition({ id, kind, inputs, results }: Write, known: KnownChanges, report: Report): void {
  const [input, result] = [inputs[0], results?.[0]];
  if (kind !== 'insert' || !input || !result || (input.ifAbsent !== true && input.ifCursor === undefined)) return;
  const before = (known.byKey.get(input.key) ?? []).findLast(({ cursor }) => cursor < result.cursor);
  if (input.ifCursor !== undefined && before && before.cursor !== input.ifCursor)
    report(
      'G7',
      id,
      `replaced ${input.key} with ifCursor ${input.ifCursor}, but the last change was at ${before.cursor}`,
    );
  const exists = before !== undefined && before.value !== null;
  if (input.ifAbsent === true && exists && !known.isMaybeRemoved(input.key, Infinity))
    report('G7', id, `inserted ${input.key} with ifAbsent, but it existed at ${before.cursor}`);
}

/** A read sees what was written before through the same connection. */
function checkRead(
  { id, key, connection, startedAt, answeredAt, item }: Read,
  known: KnownChanges,
  report: Report,
): void {
  if (connection === null) return;
  const changes = known.byKey.get(key) ?? [];
  const own = changes.findLast((change) => change.connection === connection && change.answeredAt <= startedAt);
  if (!own) return;
  if (item) {
    const isSeen = own.value === null ? item.cursor > own.cursor : item.cursor >= own.cursor;
    if (!isSeen) report('G7', id, `read ${key} at ${item.cursor}, after its change at ${own.cursor} had been answered`);
    return;
  }
  const isRemoved = changes.some(
    (change) => change.value === null && change.cursor >= own.cursor && change.startedAt < answeredAt,
  );
  if (!isRemoved && !known.isMaybeRemoved(key, answeredAt))
    report('G7', id, `read nothing under ${key}, after its insertion at ${own.cursor} had been answered`);
}
