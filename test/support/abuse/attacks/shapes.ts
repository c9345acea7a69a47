/** Values that are small as JSON and large as objects, or the other way round. */
import type { Run } from '../attacker.ts';
import { post } from './lines.ts';

const INSERT = 'mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { cursor } }';

const MAX_BATCH_BYTES = 500 * 1024;
const AT_ONCE = 4;

/** Fills `[…]` with the same element. */
const listOf = (element: string, bytes: number): string =>
  `[${Array.from({ length: Math.floor(bytes / (element.length + 1)) }, () => element).join(',')}]`;

/** The JSON of a value of that many bytes, by the name of its shape. */
const SHAPES: Readonly<Record<string, (bytes: number, n: number) => string>> = {
  objects: (bytes) => listOf('{}', bytes),
  arrays: (bytes) => listOf('[]', bytes),
  numbers: (bytes) => listOf('1', bytes),
  fractions: (bytes) => listOf('0.1', bytes),
  strings: (bytes) => listOf('""', bytes),
  members: (bytes, n) =>
    `{${Array.from({ length: Math.floor(bytes / 12) }, (_, at) => `"${n.toString(36)}-${at}":1`).join(',')}}`,
  nested: (bytes) => listOf(`${'['.repeat(60)}${']'.repeat(60)}`, bytes),
  text: (bytes) => `"${'x'.repeat(bytes - 2)}"`,
  // One such character makes the whole text take two bytes a character.
  wide: (bytes) => `"日${'x'.repeat(bytes - 5)}"`,
  tiny: () => '1',
};

/** Inserts `bytes` of values of `size` bytes, or `items` of them, in batches. */
export const fill: Run = async (port, { shape = 'text', size = 60_000, bytes = 0, items, prefix = 'fill-' }) => {
  const made = SHAPES[String(shape)];
  if (!made) throw new Error(`there is no shape ${String(shape)}`);
  const count = Number(items ?? Math.ceil(Number(bytes) / Number(size)));
  const perBatch = Math.max(1, Math.min(1000, Math.floor(MAX_BATCH_BYTES / (Number(size) + 20))));
  let [next, refused] = [0, 0];
  const worker = async (): Promise<void> => {
    while (next < count) {
      const from = next;
      next = Math.min(count, next + perBatch);
      const inputs = Array.from({ length: next - from }, (_, at) => {
        return `{"key":"${String(prefix)}${from + at}","value":${made(Number(size), from + at)}}`;
      });
      const body = `{"query":${JSON.stringify(INSERT)},"variables":{"inputs":[${inputs.join(',')}]}}`;
      if (!(await post(port, body)).includes('"cursor"')) refused++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { count, refused };
};

export const shapes: Readonly<Record<string, Run>> = { fill };
