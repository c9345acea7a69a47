import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { PrefixTree } from '../../../src/core/interest/prefix-tree.ts';

interface Named {
  readonly name: string;
}

const treeOf = (...prefixes: readonly string[]): PrefixTree<Named> => {
  const tree = new PrefixTree<Named>();
  for (const name of prefixes) tree.add(name, { name });
  return tree;
};

const found = (tree: PrefixTree<Named>, key: string): string[] => {
  const names: string[] = [];
  tree.find(key, ({ name }) => names.push(name));
  return names;
};

describe('finding', () => {
  it('a key finds every prefix that it starts with, shortest first, and no other', () => {
    const tree = treeOf('user:12', 'user:', '', 'user:1', 'user:2', 'order:', 'user:123');
    expect(found(tree, 'user:12')).toEqual(['', 'user:', 'user:1', 'user:12']);
    expect(found(tree, 'user:12x')).toEqual(['', 'user:', 'user:1', 'user:12']);
    expect(found(tree, 'user')).toEqual(['']);
    expect(found(tree, 'usher:')).toEqual(['']);
    expect(found(tree, 'order:1')).toEqual(['', 'order:']);
  });

  it('an empty tree finds nothing, not even for the empty key', () => {
    expect(found(treeOf(), '')).toEqual([]);
    expect(found(treeOf(), 'a')).toEqual([]);
  });

  it('the empty prefix is found by every key, the empty one included', () => {
    expect(found(treeOf(''), '')).toEqual(['']);
    expect(found(treeOf(''), 'a')).toEqual(['']);
  });

  it('a key that ends inside a prefix does not find it', () => {
    expect(found(treeOf('user:1'), 'user:')).toEqual([]);
  });

  it('prefixes are compared by code units, so that half of a surrogate pair is a prefix', () => {
    const smile = '\u{1F600}';
    const grin = '\u{1F601}';
    const half = smile.charAt(0);
    const tree = treeOf(`room:${smile}`, `room:${grin}`, `room:${half}`);
    expect(found(tree, `room:${smile}!`)).toEqual([`room:${half}`, `room:${smile}`]);
    expect(found(tree, `room:${grin}`)).toEqual([`room:${half}`, `room:${grin}`]);
  });

  it('a long label that was cut inside a surrogate pair is still found', () => {
    const long = 'a room with a long name ';
    const tree = treeOf(`${long}\u{1F600}`, `${long}\u{1F601}`);
    expect(tree.nodes).toBe(3);
    expect(found(tree, `${long}\u{1F601}.`)).toEqual([`${long}\u{1F601}`]);
    expect(found(tree, `${long}\u{1F602}.`)).toEqual([]);
  });

  it('several values of one prefix are all found', () => {
    const tree = treeOf('a', 'a', 'a');
    expect(found(tree, 'ab')).toEqual(['a', 'a', 'a']);
  });

  it('a value that is a Set is one value', () => {
    const tree = new PrefixTree<Set<number>>();
    const values = [new Set([1]), new Set([1])];
    for (const value of values) tree.add('a', value);
    const visited: Set<number>[] = [];
    tree.find('a', (value) => visited.push(value));
    expect(visited).toEqual(values);
  });
});

describe('adding and deleting', () => {
  it('a prefix between two others leaves both findable when it comes and when it goes', () => {
    const tree = treeOf('abcdef', 'abc');
    const between = { name: 'abcd' };
    expect(tree.add('abcd', between)).toBe(true);
    expect(found(tree, 'abcdef')).toEqual(['abc', 'abcd', 'abcdef']);
    expect(tree.delete('abcd', between)).toBe(true);
    expect(found(tree, 'abcdef')).toEqual(['abc', 'abcdef']);
    expect(tree.nodes).toBe(2);
  });

  it('a value is held once however often it is added, and leaves at the first deletion', () => {
    const tree = treeOf();
    const value = { name: 'a' };
    expect([tree.add('a', value), tree.add('a', value)]).toEqual([true, false]);
    expect(found(tree, 'a')).toEqual(['a']);
    expect([tree.delete('a', value), tree.delete('a', value)]).toEqual([true, false]);
    expect(found(tree, 'a')).toEqual([]);
  });

  it.each(['', 'us', 'user:', 'user:12', 'x'])('deleting a value at %j, where it is not, changes nothing', (prefix) => {
    const tree = treeOf('user:1', 'user:2');
    expect(tree.delete(prefix, { name: prefix })).toBe(false);
    expect(found(tree, 'user:1')).toEqual(['user:1']);
    expect(tree.nodes).toBe(3);
  });

  it('a value stays when another value of its prefix is deleted', () => {
    const tree = treeOf('a', 'b');
    const other = { name: 'other' };
    tree.add('a', other);
    tree.delete('a', other);
    expect(found(tree, 'a')).toEqual(['a']);
  });
});

/** Bytes of the heap after a collection. */
const heldBytes = (): number => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
};

describe('memory', () => {
  it('a node that a long prefix was divided for keeps nothing of its text after the prefix is deleted', () => {
    const tree = treeOf();
    const before = heldBytes();
    const start = 'x'.repeat(100);
    const value = { name: 'long' };
    const addAndDelete = (long: string): void => {
      tree.add(long, value);
      for (const last of ['y', 'z']) tree.add(start + last, { name: last });
      tree.delete(long, value);
    };
    addAndDelete('x'.repeat(40_000_000));
    expect(tree.nodes).toBe(3);
    expect(heldBytes() - before).toBeLessThan(20_000_000);
    expect(found(tree, `${start}y`)).toEqual(['y']);
  });

  it('a prefix takes one node whatever its length, and two prefixes at most three', () => {
    const long = 'x'.repeat(200_000);
    expect(treeOf(long).nodes).toBe(1);
    const tree = treeOf(`${long}1`, `${long}2`);
    expect(tree.nodes).toBe(3);
    expect(found(tree, `${long}2`)).toEqual([`${long}2`]);
  });

  it('prefixes that contain each other take one node each, whatever the order they come and go in', () => {
    const tree = treeOf();
    const nested = Array.from({ length: 2000 }, (_, length) => ({ name: 'a'.repeat(length) }));
    const shuffled = nested.map((_, at) => nested[(at * 997) % nested.length]).filter((value) => value !== undefined);
    for (const value of shuffled) tree.add(value.name, value);
    expect(tree.nodes).toBe(1999);
    expect(found(tree, 'a'.repeat(3000))).toHaveLength(2000);
    for (const value of shuffled) tree.delete(value.name, value);
    expect(tree.nodes).toBe(0);
    expect(found(tree, 'a'.repeat(3000))).toEqual([]);
  });

  it('two prefixes that part leave one node when one of them goes', () => {
    const tree = treeOf('user:1');
    const other = { name: 'user:2' };
    tree.add('user:2', other);
    expect(tree.nodes).toBe(3);
    tree.delete('user:2', other);
    expect(tree.nodes).toBe(1);
    expect(found(tree, 'user:1')).toEqual(['user:1']);
  });
});
