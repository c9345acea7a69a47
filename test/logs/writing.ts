/** Writers that go on until all their appends are answered, despite faults of the engine. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import type { OrderedLog } from '../../src/core/replication/ordered-log.ts';
import type { Sequence } from '../../src/core/model/position.ts';
import { type RecordingListener, textOf, upTo } from '../../src/testing/recording.ts';

/** Repeats an append with the same id until it is answered. */
export async function appendForSure(log: OrderedLog, text: string): Promise<Sequence> {
  for (;;) {
    try {
      return await log.append(Buffer.from(text), `id-${text}`);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'ENGINE_UNAVAILABLE' && code !== 'INDETERMINATE') throw error;
      // An immediate refusal would starve the event loop.
      await nextTurn();
    }
  }
}

/** Resolves with the sequence of each text once all writers have so many appends answered. */
export async function write(log: OrderedLog, writers: number, each: number): Promise<Map<string, number>> {
  const answered = new Map<string, number>();
  const writing = upTo(writers).map(async (writer) => {
    for (const n of upTo(each)) answered.set(`${writer}-${n}`, await appendForSure(log, `${writer}-${n}`));
  });
  await Promise.all(writing);
  return answered;
}

/** The entries are dense, each text is at its sequence, and there are no others. */
export function expectAll(follower: RecordingListener, answered: ReadonlyMap<string, number>): void {
  expect(follower.reasons).toEqual([]);
  expect(follower.sequences).toEqual(upTo(follower.held.length));
  const texts = follower.held.map(textOf);
  expect(new Map([...answered].map(([text, sequence]) => [text, texts[sequence - 1]]))).toEqual(
    new Map([...answered.keys()].map((text) => [text, text])),
  );
  expect(new Set(texts)).toEqual(new Set(answered.keys()));
}

/** No text is there twice. Of engines that don't recognise ids, the replica skips the second one. */
export function expectOnce({ held }: RecordingListener): void {
  const texts = held.map(textOf);
  expect(texts.length).toBe(new Set(texts).size);
}
