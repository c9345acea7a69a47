/** Flags and environment variables of `seamline serve`: flag, then environment, then default. */
import { readFileSync } from 'node:fs';
import type { ServerOptions } from '../../server/options.ts';
import { DEFAULTS } from '../../server/options.ts';
import { assertOrigin } from '../../transports/protocol/allowed-origins.ts';
import { parseArguments, readFrom, UsageError, wholeNumber } from './arguments.ts';
import { LOG_LEVELS, type LogLevel } from './logger.ts';

export interface ServeOptions extends ServerOptions {
  readonly logLevel: LogLevel;
  readonly fanOut: boolean;
}

interface Flag {
  readonly help: string;
  /** What stands for the value in the help; absent for a switch. */
  readonly value?: string;
  readonly multiple?: true;
  readonly read?: (text: string) => unknown;
  /** What it is called as an option of the server; by default the same, in camel case. */
  readonly option?: keyof ServeOptions;
}

const count =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number =>
    wholeNumber(text, least, most);

const origin = (text: string): string => {
  try {
    assertOrigin(text);
    return text;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

const logLevel = (text: string): LogLevel => {
  const level = LOG_LEVELS.find((name) => name === text);
  if (level) return level;
  throw new UsageError(`must be one of ${LOG_LEVELS.join(', ')}, not ${JSON.stringify(text)}`);
};

const seconds = (text: string): number => count(0, 86_400)(text) * 1000;

/** Not quoted when it is wrong: there may be a password in it. */
const servers = (text: string): readonly string[] => text.split(',').map((url) => url.trim());

const manifest = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`can’t be read: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const FLAGS = {
  port: {
    value: 'PORT',
    help: `port to listen on; 0: any free one (default ${DEFAULTS.port})`,
    read: count(0, 65_535),
  },
  host: { value: 'HOST', help: `address to listen on (default ${DEFAULTS.host})` },
  open: { help: 'serve everybody, also on an address that others can reach' },
  'max-items': { value: 'N', help: 'items to keep (default 100000)', read: count(1) },
  'max-bytes': { value: 'N', help: 'bytes of keys and values to keep (default 268435456)', read: count(1) },
  window: { value: 'N', help: 'changes to keep one by one (default 65536)', read: count(1) },
  ttl: {
    value: 'SECONDS',
    help: 'time to live of items without one of their own (default none)',
    read: count(1, 0x7fffffff),
  },
  'max-value-bytes': { value: 'N', help: 'bytes of one value (default 65536)', read: count(1) },
  'max-batch': { value: 'N', help: 'items of one batch, at most 1000 (default 1000)', read: count(1, 1000) },
  'max-batch-bytes': { value: 'N', help: 'bytes of one batch (default 524288)', read: count(1) },
  'max-message-bytes': {
    value: 'N',
    help: 'bytes of one WebSocket message or HTTP body (default 1048576)',
    read: count(1),
  },
  'max-connections': { value: 'N', help: 'WebSockets and streams (default 10000)', read: count(1) },
  'max-subscriptions': { value: 'N', help: 'subscriptions of one WebSocket (default 100)', read: count(1) },
  'init-timeout': {
    value: 'SECONDS',
    help: 'time that a WebSocket may take until connection_init, at most 300 (default 10)',
    read: (text) => count(1, 300)(text) * 1000,
    option: 'initTimeoutMs',
  },
  'insert-rate': { value: 'N', help: 'items that one client may insert a second (default any)', read: count(1) },
  data: { value: 'DIR', help: 'directory that keeps the items (default: memory, until the process ends)' },
  repair: { help: 'go on with what can be salvaged of a damaged --data directory' },
  nats: { value: 'URL[,URL…]', help: 'NATS servers that keep the items, for any number of nodes', read: servers },
  redis: {
    value: 'URL[,URL…]',
    help: 'instead: Redis or Valkey, likewise; several are those of Sentinels',
    read: servers,
  },
  stream: { value: 'NAME', help: 'what the log is called there (default seamline)' },
  'engine-timeout': {
    value: 'SECONDS',
    help: 'time in which an insertion is answered when they don’t (default 5)',
    read: (text) => count(1, 60)(text) * 1000,
    option: 'engineTimeoutMs',
  },
  'nats-replicas': { value: 'N', help: 'NATS servers that keep what is made there (default 1)', read: count(1, 5) },
  'nats-creds': { value: 'FILE', help: 'credentials of a NATS user' },
  'nats-nkey': { value: 'FILE', help: 'instead: the seed of a NATS user’s nkey' },
  'nats-tls-ca': { value: 'FILE', help: 'certificates that NATS’s are checked with (default: the system’s)' },
  'nats-tls-cert': { value: 'FILE', help: 'certificate that is shown to NATS' },
  'nats-tls-key': { value: 'FILE', help: 'its key' },
  'redis-wait': {
    value: 'N',
    help: 'replicas of Redis that must have what is answered (default 0)',
    read: count(0, 100),
  },
  'redis-sentinel': { value: 'NAME', help: 'what Sentinels call the master (default: none, the URL is its own)' },
  'redis-tls-ca': { value: 'FILE', help: 'certificates that Redis’s is checked with (default: the system’s)' },
  'redis-tls-cert': { value: 'FILE', help: 'certificate that is shown to Redis' },
  'redis-tls-key': { value: 'FILE', help: 'its key' },
  jwks: { value: 'URL', help: 'key set that tokens are checked with (default: no authentication)' },
  'jwt-secret': { value: 'SECRET', help: 'instead: the secret that tokens are signed with; rather by environment' },
  'jwt-audience': { value: 'NAME', help: 'audience that a token must be for' },
  'jwt-issuer': { value: 'NAME', help: 'issuer that a token must come from' },
  'jwt-cookie': { value: 'NAME', help: 'cookie that may bear the token, for reading' },
  'allow-origin': {
    value: 'ORIGIN',
    multiple: true,
    help: 'origin that may use the server from a browser, https://*.example.org, or *; repeatable',
    read: origin,
    option: 'allowOrigins',
  },
  'trust-proxy': { help: 'believe X-Forwarded-For and X-Forwarded-Host: there is a proxy in front' },
  'trusted-documents': { value: 'FILE', help: 'manifest of the only documents to run (default any)', read: manifest },
  'no-graphiql': { help: 'don’t serve GraphiQL' },
  'no-console': { help: 'don’t serve the console' },
  'no-introspection': { help: 'don’t answer introspection, and suggest no names in errors' },
  'no-fan-out': { help: 'serve every subscription by a generator of its own' },
  'log-level': { value: 'LEVEL', help: `${LOG_LEVELS.join(', ')} (default info)`, read: logLevel },
  'drain-timeout': {
    value: 'SECONDS',
    help: 'time for answers in flight when the server ends (default 10)',
    read: seconds,
    option: 'drainTimeoutMs',
  },
} as const satisfies Record<string, Flag>;

type FlagName = keyof typeof FLAGS;

/** Throws `UsageError`. */
export function parseServeFlags(args: readonly string[], env: NodeJS.ProcessEnv): ServeOptions {
  const given = givenIn(args);
  const options = Object.entries<Flag>(FLAGS).map(([name, { option }]) => {
    const value = valueOf(name as FlagName, given[name], env);
    // `--no-x` takes away what is there without it.
    if (name.startsWith('no-')) return [camelCase(name.slice('no-'.length)), value !== true];
    return [option ?? camelCase(name), value];
  });
  // The table above names each option and reads its value.
  return { logLevel: 'info', ...withoutUndefined(options) } as ServeOptions;
}

const camelCase = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

const withoutUndefined = (entries: readonly (readonly unknown[])[]): Record<string, unknown> =>
  Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Record<string, unknown>;

/** A line for each flag. */
export function flagsHelp(): string {
  const rows = Object.entries<Flag>(FLAGS).map(([name, { value, help }]) => [
    `--${name}${value ? ` ${value}` : ''}`,
    help,
  ]);
  const width = Math.max(...rows.map(([left = '']) => left.length));
  return rows.map(([left = '', help]) => `  ${left.padEnd(width)}  ${help}`).join('\n');
}

function givenIn(args: readonly string[]): Record<string, string | boolean | string[] | undefined> {
  const options = Object.entries<Flag>(FLAGS).map(([name, { value, multiple = false }]) => {
    return [name, { type: value ? ('string' as const) : ('boolean' as const), multiple }] as const;
  });
  return parseArguments(args, Object.fromEntries(options)).values;
}

function valueOf(name: FlagName, given: string | boolean | string[] | undefined, env: NodeJS.ProcessEnv): unknown {
  const flag: Flag = FLAGS[name];
  if (typeof given === 'boolean') return given;
  if (given !== undefined) return readWith(flag, `--${name}`, given);
  const variable = variablesOf(name).find((candidate) => isSet(candidate, env[candidate]));
  const text = variable === undefined ? undefined : env[variable];
  if (variable === undefined || text === undefined) return undefined;
  if (!flag.value) return readSwitch(variable, text);
  return readWith(flag, variable, flag.multiple ? text.split(/[\s,]+/) : text);
}

function variablesOf(name: string): string[] {
  const own = `SEAMLINE_${name.toUpperCase().replaceAll('-', '_')}`;
  return name === 'port' ? [own, 'PORT'] : [own];
}

/**
 * Kubernetes tells each pod of the service `seamline` by `SEAMLINE_PORT=tcp://10.96.17.4:80`, as links of Docker do. Their other names, such as
 * SEAMLINE_SERVICE_PORT and SEAMLINE_PORT_80_TCP, are none of ours.
 */
function isSet(variable: string, text: string | undefined): boolean {
  const isAddressOfService = /(^|_)PORT$/.test(variable) && /^(tcp|udp|sctp):\/\//i.test(text ?? '');
  return text !== undefined && text !== '' && !isAddressOfService;
}

function readSwitch(variable: string, text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new UsageError(`${variable}: must be true or false, not ${JSON.stringify(text)}`);
}

function readWith({ read = String }: Flag, source: string, given: string | readonly string[]): unknown {
  return readFrom(source, () => (typeof given === 'string' ? read(given) : given.map((text) => read(text))));
}
