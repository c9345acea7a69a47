import type { ExecutionResult } from 'graphql';
import { type FetchAPI, processRegularResult } from 'graphql-yoga';
import { jsonPieces, resultText } from '../../core/model/json-text.ts';
import { bodyOf, joined, WHOLE_ANSWER_BYTES } from '../answers/pieces.ts';
import type { Share } from '../answers/share.ts';
import type { JsonType } from '../protocol/accept.ts';
import { formatResult } from '../protocol/errors.ts';

/** A result as JSON: in one text with its length, or a large one piece by piece as it is read. */
export function jsonAnswer(
  result: ExecutionResult,
  fetchAPI: FetchAPI,
  type: JsonType,
  share: Share | undefined,
): Response {
  if (!share || !isLarge(result, share))
    return processRegularResult({ ...result, stringify: resultText } as ExecutionResult, fetchAPI, type);
  const { status, statusText, headers } = headOf(result, fetchAPI, type);
  return new Response(bodyOf(jsonPieces(formatResult(result)), share), { status, statusText, headers });
}

/** A large answer as the only part of a response, framed as Yoga frames a short one, piece by piece. */
export function partAnswer(result: ExecutionResult, fetchAPI: FetchAPI, share: Share): Response {
  const { status, statusText, headers } = headOf(result, fetchAPI, 'application/json');
  headers.set('Content-Type', 'multipart/mixed; boundary="-"');
  const pieces = joined(PART, jsonPieces(formatResult(result)), '\r\n-----\r\n');
  return new Response(bodyOf(pieces, share), { status, statusText, headers });
}

const PART = '\r\n---\r\nContent-Type: application/json; charset=utf-8\r\n\r\n';

/** Errors alone are short, whatever the operation has taken. Their status must not get into the body. */
export function isLarge({ data }: ExecutionResult, { bytes }: Share): boolean {
  return bytes > WHOLE_ANSWER_BYTES && data != null;
}

/** Errors decide the status and may add headers. */
function headOf(result: ExecutionResult, fetchAPI: FetchAPI, type: JsonType): Response {
  const head = processRegularResult({ ...result, data: null }, fetchAPI, type);
  head.headers.delete('content-length');
  return head;
}
