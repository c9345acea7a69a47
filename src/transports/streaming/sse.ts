/**
 * Server-sent events by graphql-sse's PROTOCOL.md, distinct connections mode, with ids: an `EventSource` that loses its connection sends
 * the last id as `Last-Event-ID`, and resumes after it.
 */
import type { ExecutionResult } from 'graphql';
import { jsonOf, partFraming } from '../../fanout/framing.ts';
import { ENDED, formatEventId } from '../protocol/event-id.ts';
import { joined } from '../answers/pieces.ts';
import { type ResultContext, withCursor } from '../operations/operation.ts';
import type { ResultFraming } from './result-stream.ts';

export const SSE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  // nginx would buffer events.
  'X-Accel-Buffering': 'no',
};

/** Clients of a draining server reconnect over this period, in ms. */
const RETRY_SPREAD_MS = 3000;

const EVENT = 'event: next\ndata: ';

const NOTHING_WANTED = { cursors: false, remaining: false };

/** `context` is undefined when the request didn't get as far as an operation. */
export function sseFraming(
  context: ResultContext | undefined,
  stringify: (result: ExecutionResult) => Iterable<string>,
): ResultFraming {
  /** Whether the client has an id, from this stream or an earlier one. */
  let hasId = context?.isResumed === true;
  const startsOver = (result: ExecutionResult | undefined): boolean =>
    hasId && codeOf(result?.errors?.[0]) === 'CURSOR_EXPIRED';

  const idOf = (result: ExecutionResult): string => {
    // An empty id makes the browser forget the one that has expired.
    if (startsOver(result)) return 'id:\n';
    // A result that failed to execute has no cursor; one whose fields failed has.
    if (result.errors && !('data' in result)) return '';
    const { cursor, remaining } = context?.delivery ?? {};
    if (cursor === undefined) return '';
    hasId = true;
    return `id: ${formatEventId(cursor, remaining)}\n`;
  };

  // The id comes last: an older EventSource keeps that of an event that was cut.
  const eventOf = (id: string, json: string): string => `${EVENT}${json}\n${id}\n`;
  const wanted = context ?? NOTHING_WANTED;
  const rendered = partFraming(`sse ${wanted.cursors}`, (result, remaining) =>
    eventOf(`id: ${formatEventId(result.delivered.cursor, remaining)}\n`, jsonOf(result, wanted, remaining)),
  );

  return {
    // Some browsers hold the headers back until the body begins.
    head: ':\n\n',
    result: (result) => {
      const json = stringify(context ? withCursor(result, context) : result);
      return joined(EVENT, json, `\n${idOf(result)}\n`);
    },
    rendered: {
      text: (page, remaining) => {
        hasId = true;
        return rendered.text(page, remaining);
      },
    },
    end: (last) => `event: complete\ndata:\n${startsOver(last) ? '' : `id: ${ENDED}\n`}\n`,
    keepAlive: ':\n\n',
    drain: () => `retry: ${Math.round(500 + Math.random() * RETRY_SPREAD_MS)}\n\n`,
  };
}

/** In a user's server a mask may return any object for an error. */
function codeOf(error: { readonly extensions?: Readonly<Record<string, unknown>> } | undefined): unknown {
  return error?.extensions?.['code'];
}
