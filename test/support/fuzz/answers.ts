/** What holds for every answer, whatever was asked. */

/** As docs/errors.md lists them, but for INTERNAL_SERVER_ERROR: no client's request may be a reason for that. */
const CODES = new Set(
  `BAD_USER_INPUT CURSOR_EXPIRED LAGGED CONFLICT PAYLOAD_TOO_LARGE UNAUTHENTICATED FORBIDDEN RATE_LIMITED
   TOO_MANY_SUBSCRIPTIONS ENGINE_UNAVAILABLE INDETERMINATE OVERLOADED PERSISTED_QUERY_NOT_SUPPORTED GRAPHQL_PARSE_FAILED
   GRAPHQL_VALIDATION_FAILED`.split(/\s+/),
);

/** A stack, a path, a module, or how V8 words what went wrong inside. */
const INSIDE = [
  /\n {2,}at \S|\\n {2,}at \S/,
  /node_modules|file:\/\/|\/src\/|\/schema\/|\.[cm]?[jt]s:\d/,
  /\b(?:Type|Range|Reference|Assertion)Error\b|ERR_[A-Z]/,
  /Cannot (?:read|set|convert|destructure)|is not (?:a function|iterable)|call stack/,
];

export class UnsoundAnswer extends Error {
  constructor(what: string, answer: string) {
    super(`${what}: ${answer.slice(0, 600)}`);
  }
}

/** Throws when the text shows what is inside of the server. */
export function assertDiscreet(text: string): void {
  for (const pattern of INSIDE) if (pattern.test(text)) throw new UnsoundAnswer(`an answer matches ${pattern}`, text);
  if (text.includes(process.cwd())) throw new UnsoundAnswer('an answer holds a path', text);
}

export function parseAnswer(text: string): unknown {
  assertDiscreet(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UnsoundAnswer('an answer is no JSON', text);
  }
}

export function assertErrors(errors: unknown, answer: string): void {
  if (!Array.isArray(errors) || errors.length === 0) throw new UnsoundAnswer('`errors` without an error', answer);
  for (const error of errors as { message?: unknown; extensions?: { code?: unknown } }[]) {
    if (typeof error?.message !== 'string') throw new UnsoundAnswer('an error without a message', answer);
    const code = error.extensions?.code;
    if (typeof code !== 'string' || !CODES.has(code)) throw new UnsoundAnswer('an error without a known code', answer);
  }
}

/** A GraphQL result: `data` or `errors`, or both. */
export function assertResult(result: unknown, answer: string): void {
  if (typeof result !== 'object' || result === null) throw new UnsoundAnswer('no result', answer);
  if ('errors' in result) assertErrors(result.errors, answer);
  else if (!('data' in result)) throw new UnsoundAnswer('neither data nor errors', answer);
}
