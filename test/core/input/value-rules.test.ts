import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { BadInputError } from '../../../src/core/model/errors.ts';
import type { StreamingMapOptions } from '../../../src/core/map-options.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';

const issuesOf = async (insertion: Promise<unknown>): Promise<unknown> =>
  insertion.then(
    () => [],
    (error: unknown) => (error instanceof BadInputError ? error.issues : error),
  );

it('a map inserts the output of its schema, under the key of that output', async () => {
  const validate = z.object({ name: z.string().trim(), size: z.number().default(1) });
  const map = await StreamingMap.open({ log: memoryLog(), keyOf: ({ name }) => name, validate });
  const item = await map.insert({ value: { name: ' a ', more: true } as never });
  expect(item).toMatchObject({ key: 'a', value: { name: 'a', size: 1 } });
  expect(item.value).not.toHaveProperty('more');
});

it('a batch is refused with the issues of every value, and nothing is inserted', async () => {
  const validate = z.object({ list: z.array(z.object({ n: z.number() })) });
  const map = await StreamingMap.open({ log: memoryLog(), keyOf: () => 'key', validate });
  const values = [{ list: [] }, { list: [{ n: 1 }, { n: '2' }] }, 'nothing'] as never[];
  expect(await issuesOf(map.insertMany(values.map((value) => ({ value }))))).toMatchObject([
    { path: ['inputs', 1, 'value', 'list', 1, 'n'] },
    { path: ['inputs', 2, 'value'] },
  ]);
  expect(map.get('key')).toBeUndefined();
});

it('the error of a validating function becomes the issue, and the issues of a BadInputError are kept', async () => {
  const validate = (value: unknown): number => {
    if (typeof value === 'number') return Math.round(value);
    if (value === 'several') throw new BadInputError([{ path: ['deep'], message: 'twice' }]);
    throw new TypeError('no number');
  };
  const map = await StreamingMap.open({ log: memoryLog(), validate });
  expect((await map.insert({ key: 'a', value: 1.2 })).value).toBe(1);
  expect(await issuesOf(map.insert({ key: 'a', value: 'x' as never }))).toEqual([
    { path: ['inputs', 0, 'value'], message: 'no number' },
  ]);
  expect(await issuesOf(map.insert({ key: 'a', value: 'several' as never }))).toEqual([
    { path: ['inputs', 0, 'value', 'deep'], message: 'twice' },
  ]);
});

it.each([
  ['a schema', z.number().refine(async () => true)],
  ['a function', async (value: unknown) => value],
  ['a function of another realm', runInNewContext('async (value) => value') as unknown],
])('%s that is asynchronous is refused as an error of the program', async (_name, validate) => {
  // The compiler would refuse these.
  const options = { log: memoryLog(), validate } as StreamingMapOptions;
  const map = await StreamingMap.open<number>(options);
  const error = await issuesOf(map.insert({ key: 'a', value: 1 }));
  expect(error).toBeInstanceOf(TypeError);
  expect(String(error)).toContain('synchronous');
});

it('the entries of the log are not validated again', async () => {
  const log = memoryLog({ shared: true });
  const before = await StreamingMap.open({ log });
  await before.insert({ key: 'a', value: 'text' });
  const map = await StreamingMap.open({ log, validate: z.number() });
  expect(map.get('a')?.value).toBe('text');
});
