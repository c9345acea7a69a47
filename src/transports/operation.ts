/** What HTTP and WebSocket have in common: an operation's context, and the results that leave. */
import type { ExecutionResult } from 'graphql';
import { type Context, type Delivery, RootReads } from '../../schema/context.ts';
import { BadInputError } from '../core/errors.ts';
import { parseCursor } from '../core/cursor.ts';
import type { StreamingMap } from '../core/streaming-map.ts';
import type { EventId } from './event-id.ts';

/** What clients may put into `extensions` of a request or of a subscribe payload. */
interface RequestExtensions {
  /** Works as the argument `after`, without touching the document. */
  readonly after?: string | undefined;
  /** Makes each result bear `extensions.cursor`. */
  readonly cursors: boolean;
}

export interface OperationContext extends Context {
  readonly cursors: boolean;
  /** By `Last-Event-ID`, that is by a browser of its own accord. */
  readonly isResumed: boolean;
}

export interface OperationParts {
  readonly map: StreamingMap;
  readonly extensions: unknown;
  /** From `Last-Event-ID`: goes before `extensions.after`. */
  readonly lastEvent?: EventId | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Throws `BadInputError`. */
export function operationContext({ map, extensions, lastEvent, signal }: OperationParts): OperationContext {
  const { after, cursors } = parseExtensions(extensions);
  const delivery: Delivery = {};
  return {
    map,
    after: lastEvent?.cursor ?? after,
    limit: lastEvent?.left,
    keyPrefix: '',
    signal,
    delivery,
    reads: new RootReads(() => (delivery.cursor = map.replica.cursor(map.replica.head))),
    cursors,
    isResumed: lastEvent !== undefined,
  };
}

function parseExtensions(extensions: unknown): RequestExtensions {
  const { after, cursors } = (extensions ?? {}) as { after?: unknown; cursors?: unknown };
  const path = ['extensions', 'after'];
  if (after != null && typeof after !== 'string') throw new BadInputError([{ path, message: 'must be a string' }]);
  if (after != null) parseCursor(after, path);
  return { after: after ?? undefined, cursors: cursors === true };
}

/** The result as the client asked for it. To be called before the next one is made: `delivery` belongs to this one. */
export function withCursor(result: ExecutionResult, { cursors, delivery }: OperationContext): ExecutionResult {
  if (!cursors || delivery.cursor === undefined) return result;
  return { ...result, extensions: { ...result.extensions, cursor: delivery.cursor } };
}
