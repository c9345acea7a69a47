import { describe, expect, it, vi } from 'vitest';
import { Progress, progressLine, summaryLine } from '../../../src/cli/process/progress.ts';

const tally = { items: 0, refused: 0, expired: 0, bytes: 0 };

function terminal({ isTTY = true, columns = 80 } = {}) {
  const written: string[] = [];
  const stream = { isTTY, columns, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  return { stream, written };
}

describe('the progress of insert', () => {
  it('the progress of insert is a bar with percent, items, rate and remaining time when the size is known', () => {
    const line = progressLine({ ...tally, items: 420_000, bytes: 420 }, { elapsedMs: 5163, totalBytes: 1000 });
    expect(line).toBe(`${'█'.repeat(10)}${'░'.repeat(14)}  42 %  420,000 items  81,300/s  8 s left`);
  });

  it.each([
    [0, '░'.repeat(24), '  0 %  0 items  0/s'],
    [1000, '█'.repeat(24), '100 %  0 items  0/s'],
    // The file has grown.
    [1200, '█'.repeat(24), '100 %  0 items  0/s'],
  ])('the progress of insert has no remaining time at %d of 1000 bytes', (bytes, bar, rest) => {
    expect(progressLine({ ...tally, bytes }, { elapsedMs: 1000, totalBytes: 1000 })).toBe(`${bar} ${rest}`);
  });

  it('the progress of insert has no bar when the size is unknown', () => {
    expect(progressLine({ ...tally, items: 1, bytes: 9 }, { elapsedMs: 1000, totalBytes: undefined })).toBe(
      '1 item  1/s',
    );
  });

  it.each([
    [59_000, '59 s left'],
    [61_000, '2 min left'],
    [7_260_000, '2 h 1 min left'],
  ])('the progress of insert shows %d ms as %s', (elapsedMs, left) => {
    expect(progressLine({ ...tally, bytes: 500 }, { elapsedMs, totalBytes: 1000 })).toContain(left);
  });

  it('insert ends with a summary line', () => {
    expect(summaryLine({ ...tally, items: 1_000_000 }, 12_300)).toBe('1,000,000 items inserted in 12.3 s (81,300/s)');
    expect(summaryLine({ ...tally, items: 1, refused: 2, expired: 1 }, 1000)).toBe(
      '1 item inserted in 1.0 s (1/s), 2 lines refused, 1 line already expired',
    );
  });

  it('on a terminal the progress is redrawn ten times a second below the messages', () => {
    vi.useFakeTimers();
    const { stream, written } = terminal({ columns: 6 });
    const progress = new Progress(stream, () => '0123456789');
    vi.advanceTimersByTime(1000);
    expect(written).toEqual(Array.from({ length: 10 }, () => '\r\u001B[K01234'));
    progress.say('line 1: not JSON');
    expect(written.slice(10)).toEqual(['\r\u001B[K', 'line 1: not JSON\n']);
    progress.end();
    progress.say('done');
    vi.advanceTimersByTime(1000);
    expect(written.slice(12)).toEqual(['\r\u001B[K', 'done\n']);
    vi.useRealTimers();
  });

  it('in a pipe there is no progress', () => {
    vi.useFakeTimers();
    const { stream, written } = terminal({ isTTY: false });
    const progress = new Progress(stream, () => 'progress');
    vi.advanceTimersByTime(1000);
    progress.say('line 1: not JSON');
    progress.end();
    expect(written).toEqual(['line 1: not JSON\n']);
    vi.useRealTimers();
  });
});
