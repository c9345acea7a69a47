import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Admission } from '../protocol/admission.ts';
import type { OperationContext } from './operation.ts';
import type { RequestIdentity } from '../observability/request-log.ts';

/** Yoga's server context, from Node's server or from the WebSocket transport. */
export interface ServerContext {
  readonly req?: IncomingMessage;
  readonly res?: ServerResponse;
  /** Of the WebSocket transport, whose operations have no request. */
  readonly operation?: OperationContext;
  /** Of the WebSocket transport; that of a request is in the request log. */
  readonly identity?: RequestIdentity;
  /** Set when the request is admitted. */
  admission?: Admission;
  /** Of a body that was read before Yoga; an `Error` for the client when it is invalid. */
  readonly parsedBody?: object;
}
