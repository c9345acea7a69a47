/** Parses and checks arguments for all commands. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { ServerAddress } from '../../http-client/http-client.ts';

/** A wrong call. The process prints the message in one line and exits with 2. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;

export interface Arguments<Given extends Options> {
  readonly values: { readonly [Name in keyof Given]?: Given[Name]['type'] extends 'string' ? string : boolean };
  readonly positionals: readonly string[];
}

/** The flags of every command that talks to a running server. */
export const SERVER_FLAGS = { url: { type: 'string' }, token: { type: 'string' } } as const;

export const SERVER_HELP = `  --url URL        GraphQL endpoint of the server (default http://127.0.0.1:4000/graphql)
  --token TOKEN    bearer token to send`;

/** Throws `UsageError`. */
export function parseArguments<const Given extends Options>(
  args: readonly string[],
  options: Given,
  { allowPositionals = false } = {},
): Arguments<Given> {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals });
  } catch (error) {
    // Node's message without its hints about the API of parseArgs.
    throw new UsageError(
      error instanceof Error ? (error.message.split(/\.\s(?:To specify|Did you)/)[0] ?? '') : String(error),
    );
  }
}

/** Throws `UsageError`. */
export function addressOf({ url = 'http://127.0.0.1:4000/graphql', token }: Partial<ServerAddress>): ServerAddress {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw new UsageError(`--url: must be an http or https URL, not ${JSON.stringify(url)}`);
  const parsed = new URL(url);
  if (parsed.username !== '' || parsed.password !== '')
    throw new UsageError('--url: must not contain a user name or password; pass --token to authenticate');
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw new UsageError('--token: must be printable ASCII without spaces, and not empty');
  parsed.hash = '';
  return { url: parsed.href, token };
}

/** Throws `UsageError`. */
export function wholeNumber(text: string, least: number, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new UsageError(`must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
}

/** Calls `read` and prefixes its `UsageError` with the source of the value: a flag or an environment variable. */
export function readFrom<T>(source: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${source}: ${error.message}`) : error;
  }
}
