/** Answers that nobody reads, as the server counts them. */
import { expect } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { urlOf } from '../clients/requests.ts';
import { startServer } from './server.ts';

const VALUE_BYTES = 60_000;

/** A server whose query `ALL` has an answer of 60 MB. */
export async function largeServer(): Promise<SeamlineServer> {
  const server = await startServer({ keepAliveMs: 1000 });
  const value = 'x'.repeat(VALUE_BYTES - 2);
  for (let at = 0; at < 1000; at += 8)
    await server.map.insertMany(
      Array.from({ length: 8 }, (_, n) => ({ key: `key ${at + n}`, value: `${at}${value}` })),
    );
  return server;
}

export const ALL = '{ items(first: 1000) { edges { node { key value } } } }';
export const SMALL = '{ stream { epoch } }';
/** What the answer to `ALL` takes at least. */
export const ALL_BYTES = 1000 * VALUE_BYTES;

/** The JSON of the answer to `ALL`, without its cursor. */
export function allOf(server: SeamlineServer): string {
  const edges = [...server.map.replica.items.index.from(0 as never)].map(({ key, value }) => ({
    node: { key, value },
  }));
  return JSON.stringify({ data: { items: { edges } } });
}

/** What answers take, by `/metrics`. */
export async function unreadBytes(server: SeamlineServer): Promise<number> {
  const text = await (await fetch(urlOf(server, '/metrics'))).text();
  return Number(/^seamline_unread_bytes (\d+)/m.exec(text)?.[1]);
}

export async function untilUnread(server: SeamlineServer, holds: (bytes: number) => boolean): Promise<void> {
  await expect.poll(async () => holds(await unreadBytes(server))).toBe(true);
}
