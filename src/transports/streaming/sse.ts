/**
 * Server-sent events after graphql-sse's PROTOCOL.md, distinct connections mode, with ids: an `EventSource` that loses its
 * connection sends the last one as `Last-Event-ID`, and goes on behind it.
 */
import type { ExecutionResult } from 'graphql';
import { jsonOf, PartFraming } from '../../fanout/framing.ts';
import { ENDED, formatEventId } from '../protocol/event-id.ts';
import { type ResultContext, withCursor } from '../operations/operation.ts';
import type { ResultFraming } from './result-stream.ts';

export const SSE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  // nginx would hold events back.
  'X-Accel-Buffering': 'no',
};

/** Clients of a draining server come back spread over this, in ms. */
const RETRY_SPREAD_MS = 3000;

const NOTHING_WANTED = { cursors: false, remaining: false };

/** `context` is undefined when the request didn't get as far as an operation. */
export function sseFraming(
  context: ResultContext | undefined,
  stringify: (result: ExecutionResult) => string,
): ResultFraming {
  /** Whether the client has an id, now or from before. */
  let hasId = context?.isResumed === true;
  const startsAnew = (result: ExecutionResult | undefined): boolean =>
    hasId && codeOf(result?.errors?.[0]) === 'CURSOR_EXPIRED';

  const idOf = (result: ExecutionResult): string => {
    // An empty id makes the browser forget the one that has expired.
    if (startsAnew(result)) return 'id:\n';
    // What was delivered, but could not be told, has its place all the same.
    if (result.errors && !('data' in result)) return '';
    const { cursor, remaining } = context?.delivery ?? {};
    if (cursor === undefined) return '';
    hasId = true;
    return `id: ${formatEventId(cursor, remaining)}\n`;
  };

  // The id comes last: an older EventSource keeps that of an event that was cut.
  const eventOf = (id: string, json: string): string => `event: next\ndata: ${json}\n${id}\n`;
  const wanted = context ?? NOTHING_WANTED;
  const rendered = new PartFraming(`sse ${wanted.cursors}`, (result, remaining) =>
    eventOf(`id: ${formatEventId(result.cursor, remaining)}\n`, jsonOf(result, wanted, remaining)),
  );

  return {
    // Some browsers hold the headers back until there is a body.
    head: ':\n\n',
    result: (result) => {
      const body = stringify(context ? withCursor(result, context) : result);
      return eventOf(idOf(result), body);
    },
    rendered: {
      text: (page, remaining) => {
        hasId = true;
        return rendered.text(page, remaining);
      },
    },
    end: (last) => `event: complete\ndata:\n${startsAnew(last) ? '' : `id: ${ENDED}\n`}\n`,
    keepAlive: ':\n\n',
    drain: () => `retry: ${Math.round(500 + Math.random() * RETRY_SPREAD_MS)}\n\n`,
  };
}

/** In somebody else's server a mask may have made something else of an error. */
function codeOf(error: { readonly extensions?: Readonly<Record<string, unknown>> } | undefined): unknown {
  return error?.extensions?.['code'];
}
