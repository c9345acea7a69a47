import type { Yoga } from '../http/http.ts';
import type { IncomingBytes } from '../incoming/incoming-bytes.ts';
import type { TransportOptions } from '../operations/transport-options.ts';

export interface WebSocketOptions extends TransportOptions {
  readonly yoga: Yoga;
  /** Per connection. */
  readonly maxSubscriptions: number;
  /** Until `connection_init`: tokens are often fetched first. */
  readonly initTimeoutMs: number;
  readonly incomingBytes: IncomingBytes;
  /** Whether no more connections may open. */
  readonly isFull: () => boolean;
}
