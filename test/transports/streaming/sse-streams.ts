/** Streams over SSE, requested by POST and GET, and the events in them. */
import type { SeamlineServer } from '../../../src/server/server.ts';
import type { ServerSentEvent } from '../../support/clients/clients.ts';
import { JSON_BODY } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { eventsOf, openStream, type TextStream } from '../../support/clients/streams.ts';

export const ACCEPT = { accept: 'text/event-stream' };
export const KEYS = 'subscription ($limit: Int, $after: String) { items(limit: $limit, after: $after) { key } }';

export interface Asked {
  readonly query?: string;
  readonly variables?: object;
  readonly extensions?: object;
  readonly lastEventId?: string | undefined;
}

export const idHeader = (id: string | undefined): Record<string, string> =>
  id === undefined ? {} : { 'last-event-id': id };

export const byPost = (
  server: SeamlineServer,
  { lastEventId, query = KEYS, ...rest }: Asked = {},
): Promise<TextStream> =>
  openStream(server.url, {
    method: 'POST',
    headers: { ...JSON_BODY, ...ACCEPT, ...idHeader(lastEventId) },
    body: JSON.stringify({ query, ...rest }),
  });

/** As a browser's `EventSource` asks. */
export const byGet = (
  server: SeamlineServer,
  { lastEventId, query = KEYS, ...rest }: Asked = {},
): Promise<TextStream> => {
  const fields = Object.entries(rest).map(([name, value]) => [name, JSON.stringify(value)]);
  const search = new URLSearchParams({ query, ...Object.fromEntries(fields) } as Record<string, string>);
  return openStream(`${server.url}?${search.toString()}`, { headers: { ...ACCEPT, ...idHeader(lastEventId) } });
};

export const insert = async (server: SeamlineServer, ...keys: string[]): Promise<void> => {
  for (const key of keys) await server.map.insert({ key, value: key });
};

export const nextsOf = (text: string): ServerSentEvent[] => eventsOf(text).filter(({ event }) => event === 'next');

export const keysOf = (text: string): string[] =>
  nextsOf(text).map(({ data = '' }) => (JSON.parse(data) as { data: { items: { key: string } } }).data.items.key);

/** Reads until there are so many results. */
export const results = (stream: TextStream, count: number): Promise<string> =>
  stream.until((text) => nextsOf(text).length >= count);

/** A cursor of another log. */
export const foreignCursor = async (): Promise<string> =>
  (await (await startServer()).map.insert({ key: 'a', value: 1 })).cursor;
