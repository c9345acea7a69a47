/** What has to come through a proxy, of what a server sends. */
import { expect, vi } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import type { Address } from '../clients/clients.ts';
import { JSON_BODY } from '../clients/requests.ts';
import { wires } from '../clients/readers.ts';
import { start } from '../processes/shell.ts';
import { openStream } from '../clients/streams.ts';
import { subscribed } from '../model/twins.ts';

const PATIENCE = { timeout: 60_000, interval: 20 };

/** Resolves once it takes connections there. */
export async function startProxy(program: string, args: readonly string[], origin: string): Promise<void> {
  const running = start(program, args);
  const isUp = vi.waitFor(() => fetch(origin), PATIENCE);
  const ended = running.exited.then((exit) => Promise.reject(new Error(`${program} ended: ${JSON.stringify(exit)}`)));
  await Promise.race([isUp, ended]);
}

export function addressAt(origin: string, path = '/graphql'): Address {
  const url = origin + path;
  return { url, webSocketUrl: url.replace('http', 'ws') };
}

/** Over each wire: what is there, what comes, and that who leaves has left (G1, G10). */
export async function passesAll(
  proxy: Address,
  server: SeamlineServer,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  await server.map.insert({ key: 'before', value: 1 });
  const readers = wires.map((wire) => wire.read(proxy, { query: 'subscription { items { key } }' }, headers));
  await Promise.all(readers.map((reader) => reader.reaches(1)));
  for (const reader of readers) expect(reader.results).toMatchObject([{ data: { items: { key: 'before' } } }]);
  await server.map.insert({ key: 'live', value: 2 });
  await Promise.all(readers.map((reader) => reader.reaches(2)));
  for (const reader of readers) expect(reader.delivered()).toEqual([{ key: 'before' }, { key: 'live' }]);
  for (const reader of readers) reader.leave();
  await subscribed(server, 0);
}

const ACCEPTS = ['text/event-stream', 'multipart/mixed; subscriptionSpec=1.0'];

/** What a server that drains says, whose clients must not take it for the end: over each form of HTTP stream (G9). */
export async function breaksAll(
  proxy: Address,
  server: SeamlineServer,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const body = JSON.stringify({ query: 'subscription { items { key } }' });
  await server.map.insert({ key: 'before', value: 1 });
  const open = (accept: string) =>
    openStream(proxy.url, { method: 'POST', headers: { ...JSON_BODY, ...headers, accept }, body });
  const streams = await Promise.all(ACCEPTS.map(open));
  await Promise.all(streams.map((stream) => stream.until(/"before"/)));
  const ends = Promise.all(streams.map((stream) => stream.broken()));
  await server.drain();
  expect((await ends)[0]).toMatch(/\n\nretry: \d+\n\n$/);
}
