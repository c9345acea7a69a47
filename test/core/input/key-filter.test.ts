import { describe, expect, it } from 'vitest';
import { isEveryKey, keyFilter, type KeyFilterInput, passes } from '../../../src/core/input/key-filter.ts';

const KEYS = ['', 'a', 'ab', 'abc', 'b', 'ba', 'é'];

describe('a filter', () => {
  it.each<[string, KeyFilterInput | null | undefined, string, string[]]>([
    ['nothing, undefined', undefined, '', KEYS],
    ['null', null, '', KEYS],
    ['no conditions', {}, '', KEYS],
    ['null conditions', { keys: null, keyPrefix: null }, '', KEYS],
    ['keys', { keys: ['a', 'b', 'none'] }, '', ['a', 'b']],
    ['no keys: nothing', { keys: [] }, '', []],
    ['a prefix', { keyPrefix: 'a' }, '', ['a', 'ab', 'abc']],
    ['the empty prefix', { keyPrefix: '' }, '', KEYS],
    ['keys and a prefix: both must hold', { keys: ['ab', 'b'], keyPrefix: 'a' }, '', ['ab']],
    ['an allowed prefix', null, 'a', ['a', 'ab', 'abc']],
    ['a longer prefix than allowed', { keyPrefix: 'ab' }, 'a', ['ab', 'abc']],
    ['a shorter prefix than allowed', { keyPrefix: 'a' }, 'ab', ['ab', 'abc']],
    ['the allowed prefix itself', { keyPrefix: 'ab' }, 'ab', ['ab', 'abc']],
    ['another prefix than allowed', { keyPrefix: 'b' }, 'a', []],
    ['another prefix, as long as the allowed one', { keyPrefix: 'ba' }, 'ab', []],
    ['a prefix that only begins like the allowed one', { keyPrefix: 'abd' }, 'abc', []],
    ['keys outside the allowed prefix', { keys: ['ab', 'b'] }, 'a', ['ab']],
    ['no keys under an allowed prefix', { keys: [] }, 'a', []],
  ])('exactly the matching keys pass a filter of %s', (_, input, allowed, expected) => {
    const filter = keyFilter(input, allowed);
    expect(KEYS.filter((key) => passes(filter, key))).toEqual(expected);
    expect(isEveryKey(filter)).toBe(expected.length === KEYS.length);
  });

  it('a filter that all current keys pass is not the filter of every key', () => {
    expect(isEveryKey(keyFilter({ keys: KEYS }))).toBe(false);
    expect(isEveryKey(keyFilter(null, 'a'))).toBe(false);
  });
});
