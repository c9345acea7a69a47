import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { keyFilter } from '../../../src/core/input/key-filter.ts';
import { newInterest } from '../../support/interest/new-interest.ts';

const FILTERS = [keyFilter(), keyFilter({ keyPrefix: 'a' }), keyFilter({ keys: ['a', 'b'] })];

it('a filter that nobody waits with any more is kept by nobody', async () => {
  const interest = newInterest();
  const refs: WeakRef<object>[] = [];
  const comeAndLeave = (): void => {
    for (const filter of FILTERS) {
      const listeners = [1, 2].map(() => ({ concern() {}, wake() {} }));
      const watches = listeners.map((listener) => interest.listen(filter, listener));
      for (const [n, listener] of listeners.entries()) {
        const watch = watches[n];
        if (!watch) throw new Error('no watch');
        interest.idle.add(listener, 0 as never);
        interest.unlisten(watch, listener);
        refs.push(new WeakRef(watch), new WeakRef(listener));
      }
    }
  };
  comeAndLeave();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // A WeakRef holds its object until the end of the turn that has made it.
  await turn();
  collect();
  expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([]);
  expect(refs).toHaveLength(4 * FILTERS.length);
});
