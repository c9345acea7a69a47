/** An operation's context, and the cursors of its results, for all transports. */
import type { ExecutionResult } from 'graphql';
import type { Share } from '../answers/share.ts';
import { AnswerBudget } from '../../../schema/request/answer-budget.ts';
import type { Caller } from '../../../schema/request/caller.ts';
import type { Context, FanOutRequest } from '../../../schema/request/context.ts';
import { RootReads } from '../../../schema/request/root-reads.ts';
import type { TransportContext } from '../../../schema/request/transport-context.ts';
import { BadInputError } from '../../core/model/errors.ts';
import { parseCursor } from '../../core/model/cursor.ts';
import type { DeliveryScheduler } from '../../core/subscriptions/scheduler.ts';
import type { EventId } from '../protocol/event-id.ts';

/** The largest of GraphQL's Int. */
const MAX_LIMIT = 0x7fffffff;

/** What an operation's results depend on, in our schema and in a user's. */
export interface ResultContext extends TransportContext {
  /** Whether each result has `extensions.cursor`. */
  readonly cursors: boolean;
  /** With `cursors` and a limit: each result also has `extensions.left`, how many results the limit still allows. */
  readonly remaining: boolean;
  /** Whether a browser has resumed the stream by itself, with `Last-Event-ID`. */
  readonly isResumed: boolean;
}

export interface OperationContext extends Context, ResultContext {
  /** Undefined for an operation of no connection. */
  readonly share?: Share | undefined;
}

export interface ResultContextParts {
  readonly extensions: unknown;
  /** From `Last-Event-ID`, which takes precedence over `extensions.after`. */
  readonly lastEvent?: EventId | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly fanOutRequest?: FanOutRequest | undefined;
}

export interface OperationParts extends ResultContextParts {
  readonly scheduler: DeliveryScheduler;
  readonly caller: Caller;
  readonly share?: Share | undefined;
}

/** Throws `BadInputError`. */
export function resultContext({ extensions, lastEvent, signal, fanOutRequest }: ResultContextParts): ResultContext {
  const asked = parseExtensions(extensions);
  const after = lastEvent ? lastEvent.cursor : asked.after;
  const limit = lastEvent?.remaining ?? asked.limit;
  return { ...asked, after, limit, signal, delivery: {}, fanOutRequest, isResumed: lastEvent !== undefined };
}

/** Throws `BadInputError`. */
export function operationContext({ scheduler, caller, share, ...parts }: OperationParts): OperationContext {
  const result = resultContext(parts);
  const { signal } = result;
  const budget = new AnswerBudget(share);
  const turn = share && (() => share.enter().then(() => budget.claim()));
  return {
    ...result,
    caller,
    reads: new RootReads({ scheduler, signal, turn }),
    budget,
    turn,
    share,
  };
}

/** The known members of a request's or a subscribe payload's `extensions`. */
function parseExtensions(extensions: unknown): Pick<ResultContext, 'after' | 'limit' | 'cursors' | 'remaining'> {
  const { after, limit, cursors, left } = (extensions ?? {}) as Readonly<Record<string, unknown>>;
  const refuse = (name: string, message: string): never => {
    throw new BadInputError([{ path: ['extensions', name], message }]);
  };
  if (after != null && typeof after !== 'string') refuse('after', `must be a string, not ${typeof after}`);
  if (typeof after === 'string') parseCursor(after, ['extensions', 'after']);
  if (limit != null && !isLimit(limit))
    refuse('limit', `must be a whole number, 0 or more, not ${JSON.stringify(limit)}`);
  return {
    after: after as string | null | undefined,
    limit: (limit ?? undefined) as number | undefined,
    cursors: cursors === true,
    remaining: left === true,
  };
}

const isLimit = (limit: unknown): boolean =>
  Number.isInteger(limit) && Number(limit) >= 0 && Number(limit) <= MAX_LIMIT;

/** The result with the members that the client asked for. To be called before the next result is made: `delivery` belongs to this one. */
export function withCursor(
  result: ExecutionResult,
  { cursors, remaining: isAsked, delivery }: ResultContext,
): ExecutionResult {
  if (!cursors || delivery.cursor === undefined) return result;
  const { cursor, remaining: left } = delivery;
  return { ...result, extensions: { ...result.extensions, cursor, ...(isAsked && left !== undefined && { left }) } };
}
