import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Admission } from '../protocol/admission.ts';
import type { OperationContext } from './operation.ts';
import type { RequestIdentity } from '../observability/request-log.ts';

/** What Node's server hands over, and the WebSocket transport for its operations. */
export interface ServerContext {
  readonly req?: IncomingMessage;
  readonly res?: ServerResponse;
  /** Set by the WebSocket transport, which has no request for each operation. */
  readonly operation?: OperationContext;
  /** Likewise; of a request it is known by itself. */
  readonly identity?: RequestIdentity;
  /** Set once the request was let in. */
  admission?: Admission;
  /** The parsed body, where it was read before Yoga. Throws what is wrong with it. */
  readonly parsedBody?: () => object;
}
