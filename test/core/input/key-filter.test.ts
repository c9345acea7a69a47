import { describe, expect, it } from 'vitest';
import { isEveryKey, keyFilter, type KeyFilterInput, passes } from '../../../src/core/input/key-filter.ts';

const KEYS = ['', 'a', 'ab', 'abc', 'b', 'ba', 'é'];

describe('a filter', () => {
  it.each<[string, KeyFilterInput | null | undefined, string, string[]]>([
    ['none', undefined, '', KEYS],
    ['null', null, '', KEYS],
    ['empty', {}, '', KEYS],
    ['nulls', { keys: null, keyPrefix: null }, '', KEYS],
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
    ['keys outside of the allowed prefix', { keys: ['ab', 'b'] }, 'a', ['ab']],
    ['no keys under an allowed prefix', { keys: [] }, 'a', []],
  ])('of %s', (_, input, allowed, expected) => {
    const filter = keyFilter(input, allowed);
    expect(KEYS.filter((key) => passes(filter, key))).toEqual(expected);
    expect(isEveryKey(filter)).toBe(expected.length === KEYS.length);
  });

  it('is not every key only because all keys there are pass', () => {
    expect(isEveryKey(keyFilter({ keys: KEYS }))).toBe(false);
    expect(isEveryKey(keyFilter(null, 'a'))).toBe(false);
  });
});
