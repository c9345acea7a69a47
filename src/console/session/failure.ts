/** Explains errors of the server to the user. */
import type { CombinedError } from 'urql';
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

export function failureOf({ graphQLErrors, networkError }: CombinedError): Failure {
  const [error] = graphQLErrors;
  if (!error)
    return {
      fields: {},
      text: `The server can’t be reached: ${networkError?.message ?? 'no answer'}. Send it again: it is never inserted twice.`,
    };
  const { code, issues, retryAfterMs } = error.extensions;
  switch (code) {
    case 'BAD_USER_INPUT':
      return badInput(issues as readonly Issue[] | undefined, error.message);
    case 'CONFLICT':
      return { fields: { key: 'The key already exists.' } };
    case 'PAYLOAD_TOO_LARGE':
      return { fields: { value: `Too large: ${error.message}.` } };
    case 'UNAUTHENTICATED':
      return { fields: {}, text: 'This server requires a token.', needsToken: true };
    case 'FORBIDDEN':
      return { fields: {}, text: sentence(error.message), needsToken: true };
    case 'RATE_LIMITED':
      return { fields: {}, text: `Too many insertions: try again in ${Math.ceil(Number(retryAfterMs) / 1000)} s.` };
    case 'ENGINE_UNAVAILABLE':
      return { fields: {}, text: 'The log is unavailable, and nothing was written. Try again.' };
    case 'INDETERMINATE':
      return { fields: {}, text: 'The item may have been inserted. Send it again: it is never inserted twice.' };
    default:
      return { fields: {}, text: error.message };
  }
}

const sentence = (message: string): string => `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;

function badInput(issues: readonly Issue[] = [], message: string): Failure {
  const named = issues.flatMap(({ path, message: text }) => {
    const at = path.findIndex(isField);
    // The rest of the path is inside the value.
    const inside = path.slice(at + 1).join('.');
    return at < 0 ? [] : [[path[at] as Field, inside === '' ? text : `${inside}: ${text}`] as const];
  });
  return named.length > 0 ? { fields: Object.fromEntries(named) } : { fields: {}, text: message };
}

/** Why the subscription ended, and whether another token would help. */
export function endOf(error: unknown, hasToken: boolean): { readonly text: string; readonly needsToken: boolean } {
  if (isRefusal(error)) return { text: 'This server requires a token.', needsToken: true };
  if (error instanceof CloseEvent)
    return { text: `The server closed the connection: ${error.reason || error.code}.`, needsToken: false };
  const [first] = Array.isArray(error) ? (error as { message?: string; extensions?: { code?: string } }[]) : [];
  const code = first?.extensions?.code;
  if (code === 'UNAUTHENTICATED') return { text: 'This server requires a token.', needsToken: true };
  if (code === 'FORBIDDEN') return { text: sentence(first?.message ?? 'not allowed'), needsToken: hasToken };
  const text = first?.message ?? (error instanceof Error ? error.message : undefined);
  return { text: text ?? 'The subscription has ended.', needsToken: false };
}
