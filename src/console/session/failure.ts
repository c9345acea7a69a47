/** What a refusal means to the person who meets it. */
import type { CombinedError } from 'urql';
import { isRefusal } from './connection.ts';

export const FIELDS = ['key', 'value', 'ttl'] as const;
export type Field = (typeof FIELDS)[number];

export interface Failure {
  /** By the field that is wrong. */
  readonly fields: Partial<Record<Field, string>>;
  /** What is no field's fault. */
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
      return { fields: { key: 'There is an item with this key, and you asked to insert only if there is none.' } };
    case 'PAYLOAD_TOO_LARGE':
      return { fields: { value: `Too large: ${error.message}.` } };
    case 'UNAUTHENTICATED':
      return { fields: {}, text: 'The server wants a token.', needsToken: true };
    case 'FORBIDDEN':
      return { fields: {}, text: `Not allowed: ${error.message}.`, needsToken: true };
    case 'RATE_LIMITED':
      return { fields: {}, text: `Too many insertions: try again in ${Math.ceil(Number(retryAfterMs) / 1000)} s.` };
    case 'ENGINE_UNAVAILABLE':
      return { fields: {}, text: 'The log is out of reach, and nothing was written: try again.' };
    case 'INDETERMINATE':
      return { fields: {}, text: 'It may have been written. Send it again: it is never inserted twice.' };
    default:
      return { fields: {}, text: error.message };
  }
}

function badInput(issues: readonly Issue[] = [], message: string): Failure {
  const named = issues.flatMap(({ path, message: text }) => {
    const at = path.findIndex(isField);
    // What follows is a place in the value, whose names are its own.
    const inside = path.slice(at + 1).join('.');
    return at < 0 ? [] : [[path[at] as Field, inside === '' ? text : `${inside}: ${text}`] as const];
  });
  return named.length > 0 ? { fields: Object.fromEntries(named) } : { fields: {}, text: message };
}

/** Why the subscription ended, in words; and whether another token would help. */
export function endOf(error: unknown, hasToken: boolean): { readonly text: string; readonly needsToken: boolean } {
  if (isRefusal(error)) return { text: 'This server wants a token.', needsToken: true };
  if (error instanceof CloseEvent)
    return { text: `The server closed the connection: ${error.reason || error.code}.`, needsToken: false };
  const [first] = Array.isArray(error) ? (error as { message?: string; extensions?: { code?: string } }[]) : [];
  const code = first?.extensions?.code;
  if (code === 'UNAUTHENTICATED') return { text: 'This server wants a token.', needsToken: true };
  if (code === 'FORBIDDEN') return { text: `Reading is not allowed: ${first?.message}.`, needsToken: hasToken };
  const text = first?.message ?? (error instanceof Error ? error.message : undefined);
  return { text: text ?? 'The subscription ended.', needsToken: false };
}
