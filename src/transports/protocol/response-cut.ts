/** Ends the connection of a response so that no client takes the response for complete. */
import { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';

export interface ResponseCut {
  /** When everything that was written has been sent. */
  afterWritten(): void;
  now(): void;
}

/** As of RFC 9113. */
const INTERNAL_ERROR = 2;

/** Undefined where a body that fails ends its connection by itself, as on every server but Node's. */
export function cutOf(res: unknown): ResponseCut | undefined {
  // Node buffers writes to a response until its next tick, in some versions in the response itself.
  if (res instanceof ServerResponse)
    return { afterWritten: () => void setImmediate(() => cut(res)), now: () => void res.destroy() };
  if (!isHttp2(res)) return undefined;
  const now = (): void => res.stream.close(INTERNAL_ERROR);
  return { afterWritten: () => void res.stream.write('', now), now };
}

/** A chunked body lacks its last chunk then. Any other body ends with its connection, so the connection is reset. */
function cut(res: ServerResponse): void {
  const { socket } = res;
  if (!socket) res.destroy();
  else if (res.chunkedEncoding) socket.destroySoon();
  else res.write('', () => reset(socket));
}

/** TLS and pipes have no reset; over TLS a client notices the missing alert. */
function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy();
  }
}

function isHttp2(res: unknown): res is Http2ServerResponse {
  const { stream } = (res ?? {}) as Partial<Http2ServerResponse>;
  return typeof stream?.close === 'function' && typeof stream.write === 'function';
}
