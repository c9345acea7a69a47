/** Each way into a server with one interface: the response to given credentials. */
import type { SeamlineServer } from '../../../src/server/server.ts';
import { openSocket } from '../sockets/raw-sockets.ts';
import { post } from './requests.ts';

export interface Verdict {
  /** The HTTP status, or the close code of a WebSocket; 'in' if access was granted. */
  readonly status: 'in' | number;
  /** `extensions.code` of the first error. */
  readonly code?: string | undefined;
  readonly message: string;
  readonly headers: Headers;
}

export interface Credentials {
  readonly headers?: Readonly<Record<string, string>>;
  /** The `connectionParams` of a WebSocket. */
  readonly connectionParams?: unknown;
  /** The query of the URL, with its `?`. */
  readonly search?: string;
}

export interface Door {
  readonly name: string;
  knock(server: SeamlineServer, credentials?: Credentials): Promise<Verdict>;
}

export const MULTIPART = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json';
const QUERY = '{ stream { epoch } }';
const MUTATION = 'mutation { insertItem(input: { key: "door", value: 1 }) { key } }';
const SUBSCRIPTION = 'subscription { itemChanges { reset } }';

async function verdictOf(response: Response): Promise<Verdict> {
  const { status, headers } = response;
  // A stream has started, and its first message arrives at once.
  if (!/json/.test(headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    return { status: status === 200 ? 'in' : status, message: '', headers };
  }
  const { errors } = (await response.json()) as { errors?: { message: string; extensions: { code: string } }[] };
  const [error] = errors ?? [];
  const isIn = status === 200 && !error;
  return { status: isIn ? 'in' : status, code: error?.extensions.code, message: error?.message ?? '', headers };
}

const byPost = (name: string, query: string, accept = 'application/json'): Door => ({
  name,
  knock: async (server, { headers = {}, search = '' } = {}) =>
    verdictOf(await post({ ...server, url: server.url + search }, { query }, { accept, ...headers })),
});

const byGet = (name: string, query: string, accept = 'application/json'): Door => ({
  name,
  async knock(server, { headers = {}, search = '?' } = {}) {
    const url = `${server.url}${search}${search === '?' ? '' : '&'}query=${encodeURIComponent(query)}`;
    return verdictOf(await fetch(url, { headers: { accept, ...headers } }));
  },
});

export const query = byPost('a query', QUERY);
export const queryByGet = byGet('a query by GET', QUERY);
export const mutation = byPost('a mutation', MUTATION);
export const sse = byPost('SSE', SUBSCRIPTION, 'text/event-stream');
export const sseByGet = byGet('SSE by GET', SUBSCRIPTION, 'text/event-stream');
export const multipart = byPost('multipart', SUBSCRIPTION, MULTIPART);

export const webSocket: Door = {
  name: 'WebSocket',
  async knock(server, { headers = {}, connectionParams, search = '' } = {}) {
    const socket = await openSocket(server, { headers, path: `/graphql${search}` });
    socket.send(JSON.stringify({ type: 'connection_init', payload: connectionParams }));
    const message = await socket.next();
    if (message) {
      socket.close();
      return { status: 'in', message: '', headers: new Headers() };
    }
    const { code, reason } = await socket.closed;
    return { status: code, message: reason, headers: new Headers() };
  },
};

export const httpDoors: readonly Door[] = [query, queryByGet, mutation, sse, sseByGet, multipart];
export const doors: readonly Door[] = [...httpDoors, webSocket];

/** The response of each door when access is refused. */
const REFUSED = { http: { status: 401, code: 'UNAUTHENTICATED' }, webSocket: { status: 4403 } } as const;
export const refusalAt = (door: Door): Pick<Verdict, 'status' | 'code'> =>
  door === webSocket ? REFUSED.webSocket : REFUSED.http;
