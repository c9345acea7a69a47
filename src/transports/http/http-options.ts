import type { GraphQLSchema } from 'graphql';
import type { StreamingMap } from '../../core/streaming-map.ts';
import type { FanOut } from '../../fanout/fan-out.ts';
import type { AllowedOrigins } from '../protocol/allowed-origins.ts';
import type { Admit } from '../protocol/admission.ts';
import type { FastInserts } from '../operations/fast-insert.ts';
import type { Observe } from '../operations/operation-observer.ts';
import type { Heartbeat } from '../protocol/heartbeat.ts';
import type { OpenStreams } from '../streaming/open-streams.ts';
import type { RequestLog } from '../observability/request-log.ts';
import type { TrustedDocument } from '../protocol/trusted-documents.ts';

export interface HttpOptions {
  readonly schema: GraphQLSchema;
  readonly map: StreamingMap;
  readonly admit: Admit;
  readonly streams: OpenStreams;
  readonly graphiql: boolean;
  readonly introspection: boolean;
  readonly allowed: AllowedOrigins;
  readonly maxBodyBytes: number;
  readonly keepAliveMs: number;
  /** Whether no more streams may open. */
  readonly isFull: () => boolean;
  readonly heartbeat: Heartbeat;
  /** Undefined: any document runs. */
  readonly trust: TrustedDocument | undefined;
  readonly requestLog: RequestLog;
  /** Undefined: every subscription has a generator of its own. */
  readonly fanOut: FanOut | undefined;
  readonly observe: Observe;
  readonly fastInserts: FastInserts;
}
