/**
 * Apollo's multipart subscriptions (`multipart/mixed; subscriptionSpec=1.0`), as a plain HttpLink requests them:
 * https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
 */
import type { ExecutionResult } from 'graphql';
import { jsonOf, partFraming } from '../../fanout/framing.ts';
import { type ResultContext, withCursor } from '../operations/operation.ts';
import { joined } from '../answers/pieces.ts';
import type { ResultFraming } from './result-stream.ts';

export const MULTIPART_HEADERS: Readonly<Record<string, string>> = {
  // Apollo's client for iOS compares this text, unquoted.
  'Content-Type': 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

const DELIMITER = '\r\n--graphql';

/**
 * The delimiter follows each part at once, because a client holds a part back until it comes. Earlier versions of Apollo's client for iOS
 * know the header in lower case only, and the type without a charset only.
 */
const part = (json: string): string => `${PART}${json}${DELIMITER}`;

const PART = '\r\ncontent-type: application/json\r\n\r\n';

export function multipartFraming(
  context: ResultContext,
  stringify: (result: ExecutionResult) => Iterable<string>,
): ResultFraming {
  return {
    head: DELIMITER,
    result: (result) => joined(`${PART}{"payload":`, stringify(withCursor(result, context)), `}${DELIMITER}`),
    rendered: partFraming(`multipart ${context.cursors}`, (result, remaining) =>
      part(`{"payload":${jsonOf(result, context, remaining)}}`),
    ),
    end: () => '--\r\n',
    keepAlive: part('{}'),
    // No closing delimiter: the client must not take it for the end.
    drain: () => '\r\n',
  };
}
