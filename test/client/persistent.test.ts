import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { persistent } from '../../src/client/resuming/persistent.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('persistent', () => {
  it.each([0, 1, 5, 20, 1000])(
    'a persistent client waits at most half a minute after %i failed attempts',
    async (retries) => {
      const { retryAttempts, shouldRetry, retryWait } = persistent();
      expect([retryAttempts, shouldRetry()]).toEqual([Infinity, true]);
      let isOver = false;
      const waited = retryWait(retries).then(() => (isOver = true));
      vi.advanceTimersByTime(499);
      await Promise.resolve();
      expect(isOver).toBe(false);
      vi.advanceTimersByTime(29_501);
      await waited;
    },
  );
});
