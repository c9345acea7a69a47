/** Parses a request's body as JSON, keeping numbers exactly as they were sent. */
import { isUtf8 } from 'node:buffer';
import type { GraphQLError } from 'graphql';
import { parseJson } from '../../core/model/json.ts';
import { refused } from '../protocol/errors.ts';

const wrong = (message: string): GraphQLError => refused('BAD_USER_INPUT', message, 400);

/** Throws an error for the client. */
export function parseBody(body: Buffer): object {
  // Decoding would replace invalid bytes by U+FFFD.
  if (!isUtf8(body)) throw wrong('the request is not valid UTF-8: send JSON in UTF-8');
  const parsed = parsedOf(body.toString());
  if (typeof parsed !== 'object' || parsed === null)
    throw wrong(`the request is not a JSON object, but ${parsed === null ? 'null' : `a ${typeof parsed}`}`);
  return parsed;
}

function parsedOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw wrong(error instanceof SyntaxError ? 'the request is not valid JSON' : 'the request is nested too deep');
  }
}
