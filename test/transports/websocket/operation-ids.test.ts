import { expect, it } from 'vitest';
import { OperationIds } from '../../../src/transports/protocol/operation-ids.ts';

it('of several open operations each is found by its id, whichever has ended', () => {
  const ids = new OperationIds();
  const names = ['a', 'b', 'c'].map((id) => ids.open(id));
  expect(ids.size).toBe(3);
  expect(ids.close('a')).toBe(names[0]);
  expect([ids.has('a'), ids.has('b'), ids.has('c')]).toEqual([false, true, true]);
  const again = ids.open('a');
  expect(ids.isOpen(names[0] ?? '')).toBe(false);
  expect(ids.close('b')).toBe(names[1]);
  expect(ids.close('a')).toBe(again);
  expect(ids.close('c')).toBe(names[2]);
  expect([ids.size, ids.close('c')]).toEqual([0, undefined]);
});

it('graphql-ws sends nothing of an operation that it has handed over, and its id stays taken', () => {
  const ids = new OperationIds();
  ids.open('a');
  const name = ids.open('b');
  const operation = { name, leave() {} };
  ids.handOver(operation);
  expect(ids.toClient(`{"id":${JSON.stringify(name)},"type":"complete"}`)).toBeUndefined();
  expect([ids.has('b'), ids.isOpen(name), ids.size]).toEqual([true, true, 2]);
  expect(ids.close('b')).toBe(operation);
  expect(ids.isOpen(name)).toBe(false);
});
