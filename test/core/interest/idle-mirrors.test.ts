import { expect, it } from 'vitest';
import { IdleMirrors } from '../../../src/core/interest/idle-mirrors.ts';
import type { Position } from '../../../src/core/model/position.ts';

const at = (position: number) => position as Position;
const head = (position: number) => ({ position: at(position), digest: 0 });

function mirrors() {
  const idle = new IdleMirrors();
  const woken: string[] = [];
  const named = (name: string) => ({ concern() {}, wake: () => void woken.push(name) });
  return { idle, woken, named };
}

it('a mirror is woken once a quarter of the window has passed since it was told something', () => {
  const { idle, woken, named } = mirrors();
  idle.add(named('a'), at(10));
  idle.add(named('b'), at(20));
  idle.headMoved(head(34), 100);
  expect(woken).toEqual([]);
  idle.headMoved(head(35), 100);
  expect(woken).toEqual(['a']);
  idle.headMoved(head(60), 100);
  idle.headMoved(head(60), 100);
  expect(woken).toEqual(['a', 'b']);
});

it('a mirror that was told something again waits from then on', () => {
  const { idle, woken, named } = mirrors();
  const [a, b, c] = [named('a'), named('b'), named('c')];
  for (const each of [a, b, c]) idle.add(each, at(0));
  idle.headMoved(head(1), 100);
  idle.add(a, at(30));
  idle.headMoved(head(40), 100);
  expect(woken).toEqual(['b', 'c']);
  idle.headMoved(head(55), 100);
  expect(woken).toEqual(['b', 'c', 'a']);
});

it('a mirror that has left is not woken, whichever was looked at last', () => {
  const { idle, woken, named } = mirrors();
  const all = ['a', 'b', 'c', 'd'].map(named);
  for (const each of all) idle.add(each, at(0));
  idle.headMoved(head(1), 100);
  for (const each of [all[0], all[2]]) if (each) idle.delete(each);
  idle.headMoved(head(25), 100);
  expect(woken).toEqual(['b', 'd']);
  idle.add(named('e'), at(25));
  idle.headMoved(head(50), 100);
  expect(woken).toEqual(['b', 'd', 'e']);
});
