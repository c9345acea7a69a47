import { expect, it } from 'vitest';
import { OneKey } from '../../../src/core/input/one-key.ts';

it('a set of one key reads like a Set', () => {
  const [one, set] = [new OneKey('a'), new Set(['a'])];
  for (const each of [one, set]) {
    expect(each.size).toBe(1);
    expect([each.has('a'), each.has('b')]).toEqual([true, false]);
    expect([...each]).toEqual(['a']);
    expect([...each.keys()]).toEqual(['a']);
    expect([...each.values()]).toEqual(['a']);
    expect([...each.entries()]).toEqual([['a', 'a']]);
    const visited: unknown[] = [];
    each.forEach((value, key, visitedSet) => visited.push(value, key, visitedSet));
    expect(visited).toEqual(['a', 'a', each]);
  }
});
