import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { persistent } from '../../src/client/persistent.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('persistent', () => {
  it.each([0, 1, 5, 20, 1000])('comes back after %i attempts in at most half a minute', async (retries) => {
    const { retryAttempts, shouldRetry, retryWait } = persistent();
    expect([retryAttempts, shouldRetry()]).toEqual([Infinity, true]);
    let isOver = false;
    const waited = retryWait(retries).then(() => (isOver = true));
    vi.advanceTimersByTime(499);
    await Promise.resolve();
    expect(isOver).toBe(false);
    vi.advanceTimersByTime(29_501);
    await waited;
  });
});
