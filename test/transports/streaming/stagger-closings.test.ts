import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { staggerClosings } from '../../../src/transports/protocol/stagger-closings.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** How many have ended after so many ms. */
function endsAfter(count: number, withinMs: number) {
  let ended = 0;
  staggerClosings(
    Array.from({ length: count }, () => () => void ended++),
    withinMs,
  );
  return (ms: number): number => {
    vi.advanceTimersByTime(ms);
    return ended;
  };
}

describe('the end of many connections (G9)', () => {
  it('closings come one by one, the first at once', () => {
    const ended = endsAfter(10, 8000);
    expect(ended(0)).toBe(1);
    expect(ended(5)).toBe(2);
    expect(ended(100)).toBe(10);
  });

  it('many closings share the whole time evenly, and take no longer', () => {
    const ended = endsAfter(4000, 8000);
    expect(ended(2000)).toBeGreaterThan(900);
    expect(ended(0)).toBeLessThan(1100);
    expect(ended(6000)).toBe(4000);
  });

  it('closings come at once where there is no time', () => {
    expect(endsAfter(100, 0)(1)).toBe(100);
  });

  it('no connections need no closings', () => {
    expect(endsAfter(0, 8000)(1)).toBe(0);
  });
});
