/** What the commands' arguments have in common. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { Target } from '../../http-client/http-client.ts';

/** Said in one line, and the process exits with 2. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;

export interface Arguments<Given extends Options> {
  readonly values: { readonly [Name in keyof Given]?: Given[Name]['type'] extends 'string' ? string : boolean };
  readonly positionals: readonly string[];
}

/** Of each command that talks to a running server. */
export const TARGET_FLAGS = { url: { type: 'string' }, token: { type: 'string' } } as const;

export const TARGET_HELP = `  --url URL        the server (default http://127.0.0.1:4000/graphql)
  --token TOKEN    sent as a bearer token`;

/** Throws `UsageError`. */
export function parseArguments<const Given extends Options>(
  args: readonly string[],
  options: Given,
  { allowPositionals = false } = {},
): Arguments<Given> {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals });
  } catch (error) {
    // Node's own words, without its hints at the API.
    throw new UsageError(
      error instanceof Error ? (error.message.split(/\.\s(?:To specify|Did you)/)[0] ?? '') : String(error),
    );
  }
}

/** Throws `UsageError`. */
export function targetOf({ url = 'http://127.0.0.1:4000/graphql', token }: Partial<Target>): Target {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw new UsageError(`--url: must be an http or https address, not ${JSON.stringify(url)}`);
  const parsed = new URL(url);
  if (parsed.username !== '' || parsed.password !== '')
    throw new UsageError('--url: must not hold a name or a password; --token authenticates');
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw new UsageError('--token: must be printable ASCII, without spaces, and not empty');
  parsed.hash = '';
  return { url: parsed.href, token };
}

/** Throws `UsageError`. */
export function wholeNumber(text: string, least: number, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new UsageError(`must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
}

/** Puts before what `read` has to say against it where it stood: a flag, or an environment variable. */
export function readFrom<T>(source: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${source}: ${error.message}`) : error;
  }
}
