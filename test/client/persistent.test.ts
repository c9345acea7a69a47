import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { persistent } from '../../src/client/persistent.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const openSocket = () => ({ readyState: 1, close: vi.fn() });

describe('persistent', () => {
  it('closes a connection on which a ping is not answered, so that the client comes back', () => {
    const { on } = persistent();
    const socket = openSocket();
    on.opened(socket);
    on.ping(false);
    vi.advanceTimersByTime(5000);
    expect(socket.close).toHaveBeenCalledExactlyOnceWith(4408, expect.any(String));
  });

  it('leaves one alone that answers, is pinged itself, or is closed', () => {
    const { on } = persistent();
    const socket = openSocket();
    on.opened(socket);
    on.ping(false);
    on.pong(true);
    on.ping(true);
    on.ping(false);
    on.closed();
    vi.advanceTimersByTime(60_000);
    expect(socket.close).not.toHaveBeenCalled();
  });

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
