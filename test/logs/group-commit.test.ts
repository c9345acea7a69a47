import { describe, expect, it } from 'vitest';
import type { Sequence } from '../../src/core/model/position.ts';
import { GroupCommit } from '../../src/logs/group-commit.ts';

/** A group commit whose flushes end on demand. */
function held() {
  const flushes: { sequences: number[]; end: (error?: Error) => void }[] = [];
  const committed: number[] = [];
  let begun = (): void => {};
  const group = new GroupCommit({
    clock: () => 0,
    commit: (entries) =>
      new Promise((resolve, reject) => {
        const sequences = entries.map((_, at) => committed.length + 1 + at);
        const end = (error?: Error): void => {
          if (error) return reject(error);
          committed.push(...sequences);
          resolve((sequences[0] ?? 0) as Sequence);
        };
        flushes.push({ sequences, end });
        begun();
      }),
  });
  const flush = async (at: number): Promise<{ sequences: number[]; end: (error?: Error) => void }> => {
    for (;;) {
      const there = flushes[at];
      if (there) return there;
      await new Promise<void>((resolve) => (begun = resolve));
    }
  };
  const append = (bytes = 1): Promise<Sequence> => group.append(new Uint8Array(bytes));
  return { group, flush, flushes, committed, append };
}

describe('group commit', () => {
  it('a single entry is flushed at once, and entries that come meanwhile together', async () => {
    const { append, flush, committed } = held();
    const first = append();
    const { sequences, end } = await flush(0);
    expect(sequences).toEqual([1]);
    const others = [append(), append(), append()];
    expect(committed).toEqual([]);
    end();
    expect(await first).toBe(1);
    const second = await flush(1);
    expect(second.sequences).toEqual([2, 3, 4]);
    second.end();
    expect(await Promise.all(others)).toEqual([2, 3, 4]);
  });

  it('writers that are answered together append together again', async () => {
    const { append, flush } = held();
    const twice = async (): Promise<void> => {
      await append();
      await Promise.resolve();
      await append();
    };
    const writers = Promise.all([twice(), twice(), twice()]);
    (await flush(0)).end();
    const { sequences, end } = await flush(1);
    expect(sequences).toEqual([4, 5, 6]);
    end();
    await writers;
  });

  it('the sequences of a group that failed go to the next one', async () => {
    const { append, flush, committed } = held();
    const refused = append();
    const next = (await flush(0), append());
    (await flush(0)).end(new Error('no room'));
    await expect(refused).rejects.toThrow('no room');
    (await flush(1)).end();
    expect(await next).toBe(1);
    expect(committed).toEqual([1]);
  });

  it('a group is bounded by entries and by bytes, except for a single entry that is too big', async () => {
    const { append, flush, flushes } = held();
    const answers = Array.from({ length: 1500 }, () => append());
    answers.push(append(3_000_000), append(3_000_000), append(9_000_000), append());
    for (let at = 0; at < 5; at++) (await flush(at)).end();
    await Promise.all(answers);
    expect(flushes.map(({ sequences }) => sequences.length)).toEqual([1024, 477, 1, 1, 1]);
  });

  it('an append is refused when too many bytes wait', async () => {
    const { group, append, flush } = held();
    const waiting = Array.from({ length: 7 }, () => append(9_000_000).catch((error: unknown) => error));
    await expect(append(9_000_000)).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    const { end } = await flush(0);
    const stopped = group.stop(new Error('closed'));
    end();
    await stopped;
    expect((await Promise.all(waiting)).filter((each) => each instanceof Error)).toHaveLength(6);
  });
});
