import type { SeamlineServer } from '../../../src/server/server.ts';

export interface Entry {
  readonly key: string;
  readonly value: unknown;
}

/** The items of a server, oldest first, and its number of changes. */
export async function contentsOf({ map }: SeamlineServer): Promise<{ entries: Entry[]; changes: number }> {
  const { head, items } = map.replica;
  const entries: Entry[] = [];
  for await (const { key, value } of map.items({ limit: items.size })) entries.push({ key, value });
  return { entries, changes: head.position };
}

export const entry = (index: number): Entry => ({ key: `k${index}`, value: { n: index } });

export const entries = (count: number, first = 0): Entry[] => Array.from({ length: count }, (_, n) => entry(first + n));

/** Lines of JSON, one for each item. */
export const ndjson = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');
