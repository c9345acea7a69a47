import type { StreamingMap } from '../../core/streaming-map.ts';
import type { FanOut } from '../../fanout/fan-out.ts';
import type { Yoga } from '../http/http.ts';
import type { RequestLog } from '../observability/request-log.ts';
import type { FastInserts } from '../operations/fast-insert.ts';
import type { Admit } from '../protocol/admission.ts';
import type { Heartbeat } from '../protocol/heartbeat.ts';
import type { TrustedDocument } from '../protocol/trusted-documents.ts';

export interface WebSocketOptions {
  readonly yoga: Yoga;
  readonly map: StreamingMap;
  readonly admit: Admit;
  /** Per connection. */
  readonly maxSubscriptions: number;
  readonly maxMessageBytes: number;
  readonly heartbeat: Heartbeat;
  /** Until `connection_init`: tokens are often fetched first. */
  readonly initTimeoutMs: number;
  /** Whether no more connections may open. */
  readonly isFull: () => boolean;
  /** Undefined: any document runs. */
  readonly trust: TrustedDocument | undefined;
  readonly requestLog: RequestLog;
  /** Undefined: every subscription has a generator of its own. */
  readonly fanOut: FanOut | undefined;
  readonly fastInserts: FastInserts;
}
