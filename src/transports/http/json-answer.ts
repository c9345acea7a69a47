import type { ExecutionResult } from 'graphql';
import { type FetchAPI, processRegularResult } from 'graphql-yoga';
import { jsonPieces, resultText } from '../../core/model/json-text.ts';
import { bodyOf } from '../answers/pieces.ts';
import type { Share } from '../answers/share.ts';
import type { JsonType } from '../protocol/accept.ts';
import { formatResult } from '../protocol/errors.ts';

/** The memory of an answer that is sent as one text, in bytes. */
const WHOLE_ANSWER_BYTES = 256 * 1024;

/** A result as JSON: in one text with its length, or a large one piece by piece as it is read. */
export function jsonAnswer(
  result: ExecutionResult,
  fetchAPI: FetchAPI,
  type: JsonType,
  share: Share | undefined,
): Response {
  // Errors alone are short, whatever the operation has taken. Their status must not get into the body.
  if (!share || share.bytes <= WHOLE_ANSWER_BYTES || result.data == null)
    return processRegularResult({ ...result, stringify: resultText } as ExecutionResult, fetchAPI, type);
  // Errors decide the status and may add headers.
  const { status, statusText, headers } = processRegularResult({ ...result, data: null }, fetchAPI, type);
  headers.delete('content-length');
  return new Response(bodyOf(jsonPieces(formatResult(result)), share), { status, statusText, headers });
}
