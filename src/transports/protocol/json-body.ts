/** A request's body as JSON whose numbers are what was sent. */
import { isUtf8 } from 'node:buffer';
import type { GraphQLError } from 'graphql';
import { parseJson } from '../../core/model/json.ts';
import { refused } from './errors.ts';

const wrong = (message: string): GraphQLError => refused('BAD_USER_INPUT', message, 400);

/** Throws what the client is told. */
export function parseBody(body: Buffer): object {
  // Decoding would put a U+FFFD in the place of what is none.
  if (!isUtf8(body)) throw wrong('the request is not valid UTF-8: send JSON in UTF-8');
  const parsed = parsedOf(body.toString());
  if (typeof parsed !== 'object' || parsed === null) throw wrong('the request is not a JSON object');
  return parsed;
}

function parsedOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw wrong(error instanceof SyntaxError ? 'the request is not valid JSON' : 'the request is nested too deep');
  }
}
