/** Writers that go on until each of what they write is answered, whatever becomes of the engine meanwhile. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import type { OrderedLog } from '../../src/core/replication/ordered-log.ts';
import type { Sequence } from '../../src/core/model/position.ts';
import { type RecordingListener, textOf, upTo } from '../../src/testing/recording.ts';

/** Again and again with the same id, until it is answered. */
export async function appendForSure(log: OrderedLog, text: string): Promise<Sequence> {
  for (;;) {
    try {
      return await log.append(Buffer.from(text), `id-${text}`);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'ENGINE_UNAVAILABLE' && code !== 'INDETERMINATE') throw error;
      // Refused at once, it would leave nothing else a turn.
      await turn();
    }
  }
}

/** Many writers, each of which has so many answered. Resolves with where each text is said to be. */
export async function write(log: OrderedLog, writers: number, each: number): Promise<Map<string, number>> {
  const answered = new Map<string, number>();
  const writing = upTo(writers).map(async (writer) => {
    for (const n of upTo(each)) answered.set(`${writer}-${n}`, await appendForSure(log, `${writer}-${n}`));
  });
  await Promise.all(writing);
  return answered;
}

/** Dense, all that was answered is where it was said to be, and there is nothing else. */
export function expectAll(follower: RecordingListener, answered: ReadonlyMap<string, number>): void {
  expect(follower.reasons).toEqual([]);
  expect(follower.sequences).toEqual(upTo(follower.held.length));
  const texts = follower.held.map(textOf);
  expect(new Map([...answered].map(([text, sequence]) => [text, texts[sequence - 1]]))).toEqual(
    new Map([...answered.keys()].map((text) => [text, text])),
  );
  expect(new Set(texts)).toEqual(new Set(answered.keys()));
}

/** An engine that knows an id again has nothing twice; of others the replica skips it. */
export function expectOnce({ held }: RecordingListener): void {
  const texts = held.map(textOf);
  expect(texts.length).toBe(new Set(texts).size);
}
