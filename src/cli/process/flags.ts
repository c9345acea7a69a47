/** Flags and environment variables of `seamline serve`. A flag takes precedence over its environment variable. */
import { readFileSync } from 'node:fs';
import type { ServerOptions } from '../../server/options.ts';
import { DEFAULTS } from '../../server/options.ts';
import { assertOrigin } from '../../transports/protocol/allowed-origins.ts';
import { type Flag, helpOf, parseArguments, readFrom, UsageError, wholeNumber } from './arguments.ts';
import { LOG_LEVELS, type LogLevel } from './logger.ts';

export interface ServeOptions extends ServerOptions {
  readonly logLevel: LogLevel;
  readonly fanOut: boolean;
}

interface ServeFlag extends Flag {
  readonly read?: (text: string) => unknown;
  /**
   * The option of the server that it sets.
   * @default the flag's name in camel case
   */
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

const seconds =
  (least: number, most: number) =>
  (text: string): number =>
    wholeNumber(text, least, most) * 1000;

/** Not checked here, because an error would quote a password that the URL may contain. */
const servers = (text: string): readonly string[] => text.split(',').map((url) => url.trim());

const manifest = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
};

export const SERVE_FLAGS = {
  port: {
    value: 'PORT',
    help: `port to listen on; 0 for any free port (default ${DEFAULTS.port})`,
    read: count(0, 65_535),
  },
  host: { value: 'HOST', help: `address to listen on (default ${DEFAULTS.host})` },
  open: { help: 'serve without authentication, even on an address that other machines can reach' },
  schema: {
    value: 'FILE',
    help: 'SDL file whose types with @collection are the collections (default one collection, Item)',
  },
  federation: { help: 'add Apollo Federation 2 to the schema' },
  'max-items': { value: 'N', help: 'maximum number of items (default 100000)', read: count(1) },
  'max-bytes': { value: 'N', help: 'maximum bytes of all keys and values (default 268435456)', read: count(1) },
  window: { value: 'N', help: 'number of recent changes to keep one by one (default 65536)', read: count(1) },
  ttl: { value: 'SECONDS', help: 'ttl of items that have none (default none)', read: count(1, 0x7fffffff) },
  'max-value-bytes': { value: 'N', help: 'maximum bytes of a value (default 65536)', read: count(1) },
  'max-batch': { value: 'N', help: 'maximum items of a batch, up to 1000 (default 1000)', read: count(1, 1000) },
  'max-batch-bytes': { value: 'N', help: 'maximum bytes of a batch (default 524288)', read: count(1) },
  'max-message-bytes': {
    value: 'N',
    help: 'maximum bytes of a message or HTTP body (default 1048576)',
    read: count(1),
  },
  'max-connections': { value: 'N', help: 'maximum WebSockets and HTTP streams (default 10000)', read: count(1) },
  'max-subscriptions': { value: 'N', help: 'maximum subscriptions on one WebSocket (default 100)', read: count(1) },
  'init-timeout': {
    value: 'SECONDS',
    help: 'time limit for connection_init on a WebSocket, up to 300 (default 10)',
    read: seconds(1, 300),
    option: 'initTimeoutMs',
  },
  'insert-rate': { value: 'N', help: 'items per second that a client may insert (default unlimited)', read: count(1) },
  data: { value: 'DIR', help: 'directory to keep the items in (default: in memory only)' },
  repair: { help: 'open a damaged --data directory with what can be salvaged' },
  nats: { value: 'URL[,URL…]', help: 'NATS servers to keep the items in, for any number of nodes', read: servers },
  redis: {
    value: 'URL[,URL…]',
    help: 'Redis or Valkey to keep the items in, or Sentinels, for any number of nodes',
    read: servers,
  },
  postgres: {
    value: 'URL[,URL…]',
    help: 'PostgreSQL to keep the items in, for any number of nodes; of several, the first that is no standby',
    read: servers,
  },
  stream: { value: 'NAME', help: 'name of the log in NATS, Redis or PostgreSQL (default seamline)' },
  'engine-timeout': {
    value: 'SECONDS',
    help: 'time after which an insertion fails when NATS, Redis or PostgreSQL does not answer (default 5)',
    read: seconds(1, 60),
    option: 'engineTimeoutMs',
  },
  'nats-domain': { value: 'NAME', help: 'JetStream domain of the stream (default: that of the NATS server)' },
  'nats-replicas': { value: 'N', help: 'replicas of a stream that is created in NATS (default 1)', read: count(1, 5) },
  'nats-creds': { value: 'FILE', help: 'file with the credentials of a NATS user' },
  'nats-nkey': { value: 'FILE', help: 'file with the nkey seed of a NATS user' },
  'nats-tls-ca': { value: 'FILE', help: 'file with the CA certificates for NATS (default: the system’s)' },
  'nats-tls-cert': { value: 'FILE', help: 'file with the client certificate for NATS' },
  'nats-tls-key': { value: 'FILE', help: 'file with the key of --nats-tls-cert' },
  'redis-wait': { value: 'N', help: 'replicas of Redis that must have a write (default 0)', read: count(0, 100) },
  'redis-sentinel': { value: 'NAME', help: 'name of the master; --redis then lists Sentinels' },
  'redis-tls-ca': { value: 'FILE', help: 'file with the CA certificates for Redis (default: the system’s)' },
  'redis-tls-cert': { value: 'FILE', help: 'file with the client certificate for Redis' },
  'redis-tls-key': { value: 'FILE', help: 'file with the key of --redis-tls-cert' },
  'postgres-password-file': { value: 'FILE', help: 'file with the password for PostgreSQL' },
  'postgres-tls-ca': { value: 'FILE', help: 'file with the CA certificates for PostgreSQL (default: the system’s)' },
  'postgres-tls-cert': { value: 'FILE', help: 'file with the client certificate for PostgreSQL' },
  'postgres-tls-key': { value: 'FILE', help: 'file with the key of --postgres-tls-cert' },
  jwks: { value: 'URL', help: 'JSON Web Key Set to verify tokens with (default: no authentication)' },
  'jwt-secret': { value: 'SECRET', help: 'secret to verify tokens with; better set by environment' },
  'jwt-audience': { value: 'NAME', help: 'audience that a token must name (aud)' },
  'jwt-issuer': { value: 'NAME', help: 'issuer that a token must name (iss)' },
  'jwt-cookie': { value: 'NAME', help: 'cookie that may carry the token, for reading only' },
  'allow-origin': {
    value: 'ORIGIN',
    multiple: true,
    help: 'origin whose pages may use the server: https://app.example.org, https://*.example.org or *; repeatable',
    read: origin,
    option: 'allowOrigins',
  },
  'trust-proxy': { help: 'trust X-Forwarded-For and X-Forwarded-Host of a proxy in front' },
  'trusted-documents': {
    value: 'FILE',
    help: 'manifest of the only documents to execute (default any)',
    read: manifest,
  },
  'no-graphiql': { help: 'do not serve GraphiQL' },
  'no-console': { help: 'do not serve the console' },
  'no-introspection': { help: 'do not answer introspection, and suggest no names in errors' },
  'no-fan-out': { help: 'serve each subscription by a generator of its own' },
  'log-level': {
    value: 'LEVEL',
    choices: LOG_LEVELS,
    help: `one of ${LOG_LEVELS.join(', ')} (default info)`,
    read: logLevel,
  },
  'drain-timeout': {
    value: 'SECONDS',
    help: 'time for answers in flight when the server shuts down (default 10)',
    read: seconds(0, 86_400),
    option: 'drainTimeoutMs',
  },
} as const satisfies Readonly<Record<string, ServeFlag>>;

/** Those that change the schema. */
export const SCHEMA_FLAGS = { schema: SERVE_FLAGS.schema, federation: SERVE_FLAGS.federation } as const;

type FlagName = keyof typeof SERVE_FLAGS;

/** Throws `UsageError`. */
export function parseServeFlags(args: readonly string[], env: NodeJS.ProcessEnv): ServeOptions {
  const given = givenIn(args);
  const options = flagNames().map((name) => [optionOf(name), valueOf(name, sourceOf(name, given, env))]);
  // SERVE_FLAGS names each option and reads its value with the right type.
  return { logLevel: 'info', ...withoutUndefined(options) } as ServeOptions;
}

/** How each option of the server is called where it was set: by its variable if the variable set it, else by its flag. */
export function namesOfOptions(args: readonly string[], env: NodeJS.ProcessEnv): ReadonlyMap<string, string> {
  const given = givenIn(args);
  return new Map(flagNames().map((name) => [optionOf(name), sourceOf(name, given, env)?.source ?? `--${name}`]));
}

/** The help, one line for each flag. */
export const flagsHelp = (): string => helpOf(SERVE_FLAGS);

const flagNames = (): FlagName[] => Object.keys(SERVE_FLAGS) as FlagName[];

/** `--no-x` turns off an option that is on by default. */
const isNegated = (name: FlagName): boolean => name.startsWith('no-');

function optionOf(name: FlagName): string {
  const { option }: ServeFlag = SERVE_FLAGS[name];
  return option ?? camelCase(isNegated(name) ? name.slice('no-'.length) : name);
}

const camelCase = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

const withoutUndefined = (entries: readonly (readonly unknown[])[]): Record<string, unknown> =>
  Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Record<string, unknown>;

type Given = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

const givenIn = (args: readonly string[]): Given => parseArguments(args, SERVE_FLAGS).values;

interface Source {
  /** The flag or the variable that sets the option. */
  readonly source: string;
  readonly given: string | boolean | readonly string[];
}

function sourceOf(name: FlagName, flags: Given, env: NodeJS.ProcessEnv): Source | undefined {
  const given = flags[name];
  if (given !== undefined) return { source: `--${name}`, given };
  const source = variablesOf(name).find((candidate) => isSet(candidate, env[candidate]));
  const text = source === undefined ? undefined : env[source];
  return source === undefined || text === undefined ? undefined : { source, given: text };
}

function valueOf(name: FlagName, setting: Source | undefined): unknown {
  const flag: ServeFlag = SERVE_FLAGS[name];
  if (setting === undefined) return isNegated(name) ? true : undefined;
  const { source, given } = setting;
  if (flag.value === undefined) return isOn(source, given) !== isNegated(name);
  const isVariable = !source.startsWith('--');
  if (flag.multiple && isVariable) return readWith(flag, source, String(given).split(/[\s,]+/));
  return typeof given === 'boolean' ? given : readWith(flag, source, given);
}

function variablesOf(name: string): string[] {
  const own = `SEAMLINE_${name.toUpperCase().replaceAll('-', '_')}`;
  return name === 'port' ? [own, 'PORT'] : [own];
}

/**
 * Kubernetes sets `SEAMLINE_PORT=tcp://10.96.17.4:80` in every pod when a service is called seamline, and links of Docker do the same. The other
 * variables that they set, such as SEAMLINE_SERVICE_PORT and SEAMLINE_PORT_80_TCP, match no flag.
 */
function isSet(variable: string, text: string | undefined): boolean {
  const isAddressOfService = /(^|_)PORT$/.test(variable) && /^(tcp|udp|sctp):\/\//i.test(text ?? '');
  return text !== undefined && text !== '' && !isAddressOfService;
}

function isOn(source: string, given: unknown): boolean {
  if (given === true || /^(1|true|yes|on)$/i.test(String(given))) return true;
  if (/^(0|false|no|off)$/i.test(String(given))) return false;
  throw new UsageError(`${source}: must be true or false, not ${JSON.stringify(given)}`);
}

function readWith({ read = String }: ServeFlag, source: string, given: string | readonly string[]): unknown {
  return readFrom(source, () => (typeof given === 'string' ? read(given) : given.map((text) => read(text))));
}
