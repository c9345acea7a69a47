/** Parses and checks arguments for all commands. */
import { parseArgs } from 'node:util';
import type { ServerAddress } from '../../http-client/http-client.ts';
import { nearest } from './suggestions.ts';

/** A wrong call. The process prints the message in one line and exits with 2. */
export class UsageError extends Error {}

export interface Flag {
  readonly help: string;
  /** The placeholder of the value in the help; absent for a switch. Shells complete `FILE` and `DIR` by the names of files and directories. */
  readonly value?: string;
  readonly multiple?: true;
  /** The possible values, if they are few. */
  readonly choices?: readonly string[];
}

/** By name, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

type ValueOf<Given extends Flag> = Given extends { readonly value: string }
  ? Given extends { readonly multiple: true }
    ? string[]
    : string
  : boolean;

export interface Arguments<Given extends Flags> {
  readonly values: { readonly [Name in keyof Given]?: ValueOf<Given[Name]> };
  readonly positionals: readonly string[];
}

/** Throws `UsageError`. */
export function parseArguments<const Given extends Flags>(
  args: readonly string[],
  flags: Given,
  { allowPositionals = false } = {},
): Arguments<Given> {
  const options = Object.entries<Flag>(flags).map(([name, { value, multiple = false }]) => {
    return [name, { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple }] as const;
  });
  // The strict mode has messages of its own, which differ between versions of Node.
  const parsed = parseArgs({
    args: [...args],
    options: Object.fromEntries(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of parsed.tokens) {
    if (token.kind === 'option') assertFlag(token, flags, args[token.index] ?? token.rawName);
    if (token.kind === 'positional' && !allowPositionals)
      throw new UsageError(`unexpected argument ${JSON.stringify(token.value)}: --help lists what is possible`);
  }
  // Each value has been checked against its flag.
  return parsed as unknown as Arguments<Given>;
}

interface GivenFlag {
  readonly name: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

/** Throws `UsageError`. `written`: the argument as it was typed. */
function assertFlag({ name, value, inlineValue }: GivenFlag, flags: Flags, written: string): void {
  const flag = written.startsWith('--') && Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (!flag) {
    const [shown = written] = written.split('=');
    const suggestion = nearest(shown.replace(/^-+/, ''), Object.keys(flags));
    throw new UsageError(
      `unknown flag ${shown}: ${suggestion === undefined ? '--help lists all flags' : `did you mean --${suggestion}?`}`,
    );
  }
  if (flag.value === undefined) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value`);
    return;
  }
  if (value === undefined) throw new UsageError(`--${name} needs a value: --${name} ${flag.value}`);
  if (inlineValue !== true && value.startsWith('-') && value !== '-')
    throw new UsageError(`--${name} needs a value; for one that starts with a dash write --${name}=${value}`);
}

const DEFAULT_URL = 'http://127.0.0.1:4000/graphql';

/** The server that `--url` or `SEAMLINE_URL` names. Throws `UsageError`. */
export function addressOf(given: Partial<ServerAddress>): ServerAddress {
  const { text, source } = urlOf(given);
  return addressAt(text, source, tokenOf(given));
}

/** The servers of a list that is separated by commas. Throws `UsageError`. */
export function addressesOf(given: Partial<ServerAddress>): [ServerAddress, ...ServerAddress[]] {
  const { text, source } = urlOf(given);
  const token = tokenOf(given);
  const [first = '', ...others] = text.split(',');
  return [addressAt(first, source, token), ...others.map((url) => addressAt(url, source, token))];
}

interface Setting {
  readonly text: string;
  /** The flag or the variable. */
  readonly source: string;
}

const urlOf = ({ url }: Partial<ServerAddress>): Setting =>
  settingOf('url', url) ?? { text: DEFAULT_URL, source: '--url' };

/** Throws `UsageError`. */
function tokenOf({ token }: Partial<ServerAddress>): string | undefined {
  const setting = settingOf('token', token);
  if (setting && !/^[\x21-\x7e]+$/.test(setting.text))
    throw new UsageError(`${setting.source}: must be printable ASCII without spaces, and not empty`);
  return setting?.text;
}

/** A flag takes precedence over its environment variable, and an empty variable counts as unset. */
function settingOf(name: 'url' | 'token', given: string | undefined): Setting | undefined {
  if (given !== undefined) return { text: given, source: `--${name}` };
  const variable = `SEAMLINE_${name.toUpperCase()}`;
  const text = process.env[variable];
  return text === undefined || text === '' ? undefined : { text, source: variable };
}

function addressAt(url: string, source: string, token: string | undefined): ServerAddress {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw new UsageError(`${source}: must be an http or https URL, not ${JSON.stringify(url)}`);
  const parsed = new URL(url);
  if (parsed.username !== '' || parsed.password !== '')
    throw new UsageError(`${source}: must not contain a user name or password; pass --token to authenticate`);
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

/** The help, one line for each flag. */
export function helpOf(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, { value, help }]) => [`--${name}${value ? ` ${value}` : ''}`, help]);
  const width = Math.max(...rows.map(([name = '']) => name.length));
  return rows.map(([name = '', help]) => `  ${name.padEnd(width)}  ${help}`).join('\n');
}
