/** Explains errors of the server to the user. */
import type { CombinedError } from 'urql';
import type { Collection } from './collections.ts';
import { isRefusal } from './connection.ts';

export const FIELDS = ['key', 'value', 'ttl'] as const;
export type Field = (typeof FIELDS)[number];

export interface Failure {
  /** The problem of each field that has one. */
  readonly fields: Partial<Record<Field, string>>;
  /** A problem that belongs to no field. */
  readonly text?: string;
  readonly needsToken?: boolean;
}

interface Issue {
  readonly path: readonly unknown[];
  readonly message: string;
}

const isField = (name: unknown): name is Field => FIELDS.some((field) => field === name);

/** Why a mutation of an item failed. Without a field of its own, the key of a typed collection is in the value. */
export function failureOf({ graphQLErrors, networkError }: CombinedError, { isTyped }: Collection): Failure {
  const [error] = graphQLErrors;
  if (!error)
    return {
      fields: {},
      text: `The server can’t be reached: ${networkError?.message ?? 'no answer'}. Send it again: it is never inserted twice.`,
    };
  const { code, issues, retryAfterMs } = error.extensions;
  switch (code) {
    case 'BAD_USER_INPUT':
      return badInput(issues as readonly Issue[] | undefined, error.message, isTyped);
    case 'CONFLICT':
      return { fields: { [isTyped ? 'value' : 'key']: 'The key already exists.' } };
    case 'PAYLOAD_TOO_LARGE':
      return { fields: { value: `Too large: ${error.message}.` } };
    case 'UNAUTHENTICATED':
      return { fields: {}, text: refusalText(error.message), needsToken: true };
    case 'FORBIDDEN':
      return { fields: {}, text: sentence(error.message), needsToken: true };
    case 'RATE_LIMITED':
      return { fields: {}, text: `Too many insertions: try again in ${Math.ceil(Number(retryAfterMs) / 1000)} s.` };
    case 'ENGINE_UNAVAILABLE':
      return { fields: {}, text: 'The log is unavailable, and nothing was written. Try again.' };
    case 'OVERLOADED':
      return { fields: {}, text: 'The server is busy, and nothing was written. Try again.' };
    case 'INDETERMINATE':
      return { fields: {}, text: 'The item may have been inserted. Send it again: it is never inserted twice.' };
    default:
      return { fields: {}, text: error.message };
  }
}

const sentence = (message: string): string => `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;

function badInput(issues: readonly Issue[] = [], message: string, isTyped: boolean): Failure {
  const named = issues.flatMap((issue) => {
    const { field, inside, text } = isTyped ? placeInMutation(issue) : placeInInput(issue);
    return field === undefined ? [] : [[field, inside === '' ? text : `${inside}: ${text}`] as const];
  });
  return named.length > 0 ? { fields: Object.fromEntries(named) } : { fields: {}, text: message };
}

interface Place {
  readonly field: Field | undefined;
  /** Where in the value of the field it is. */
  readonly inside: string;
  readonly text: string;
}

/** Of `Item`, whose input has all fields. */
function placeInInput({ path, message }: Issue): Place {
  const at = path.findIndex(isField);
  return { field: path[at] as Field | undefined, inside: path.slice(at + 1).join('.'), text: message };
}

/** The forms in which graphql-js and graphql-tools tell that a variable has not its type. */
const WRONG_VARIABLE = [
  /^Variable "\$(\w+)" has invalid value(?: at \.?(\S+))?: (.*)$/s,
  // With the value, which may have any text in it.
  /^Variable "\$(\w+)" got invalid value .*? at "\w+\.?([^"]*)"; (.*)$/s,
  /^Variable "\$(\w+)" got invalid value .*?(); (.*)$/s,
];

/** Of a typed collection, whose input is the value. Its types are checked before the mutation runs, so that the path is in the message. */
function placeInMutation({ path, message }: Issue): Place {
  const form = WRONG_VARIABLE.find((each) => each.test(message));
  const [, variable, at = '', reason = message] = form?.exec(message) ?? [];
  const [argument = variable, ...rest] = path;
  const field = argument === 'input' ? 'value' : argument === 'ttl' ? 'ttl' : undefined;
  return { field, inside: variable === undefined ? rest.join('.') : at, text: reason };
}

/** Explains why the server refused to authenticate, by the message of its error or close frame. Tells the kinds of token apart. */
function refusalText(message: string): string {
  const [, claim] = /^(claim .*)$/.exec(message) ?? [];
  const [, invalid = claim] = /^invalid token: (.*)$/.exec(message) ?? [];
  if (message === 'the token has expired' || invalid?.startsWith('"exp"'))
    return 'This token has expired. Use a new token.';
  if (invalid?.startsWith('"nbf"')) return 'This token is not valid yet. Use another token, or try again later.';
  if (invalid !== undefined) return `The server refused this token: ${invalid}.`;
  return 'This server requires a token.';
}

interface SubscriptionError {
  readonly message?: string;
  readonly extensions?: { readonly code?: string };
}

/** Why the subscription ended, and whether another token would help. */
export function endOf(error: unknown): { readonly text: string; readonly needsToken: boolean } {
  if (isRefusal(error)) return { text: refusalText((error as CloseEvent).reason), needsToken: true };
  if (error instanceof CloseEvent)
    return { text: `The server closed the connection: ${error.reason || error.code}.`, needsToken: false };
  const [first] = Array.isArray(error) ? (error as SubscriptionError[]) : [];
  const message = first?.message ?? (error instanceof Error ? error.message : 'the subscription has ended');
  const code = first?.extensions?.code;
  if (code === 'UNAUTHENTICATED') return { text: refusalText(message), needsToken: true };
  // A server with trusted documents also answers FORBIDDEN, and no token helps then.
  if (code === 'FORBIDDEN' && message.includes('requires scope'))
    return { text: `${sentence(message)} The token is valid, but doesn’t grant this scope.`, needsToken: true };
  return { text: sentence(message), needsToken: false };
}
