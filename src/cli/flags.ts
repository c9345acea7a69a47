/** Flags and environment variables of `seamline serve`: flag, then environment, then default. */
import type { ServerOptions } from '../server/options.ts';
import { DEFAULTS } from '../server/options.ts';
import { parseArguments, UsageError } from './arguments.ts';
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
}

const count =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new UsageError(`must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
  };

const origin = (text: string): string => {
  if (URL.canParse(text) && new URL(text).origin === text) return text;
  throw new UsageError(`must be an origin such as https://example.org, not ${JSON.stringify(text)}`);
};

const logLevel = (text: string): LogLevel => {
  const level = LOG_LEVELS.find((name) => name === text);
  if (level) return level;
  throw new UsageError(`must be one of ${LOG_LEVELS.join(', ')}, not ${JSON.stringify(text)}`);
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
  'max-connections': { value: 'N', help: 'WebSockets (default 10000)', read: count(1) },
  'max-subscriptions': { value: 'N', help: 'subscriptions of one WebSocket (default 100)', read: count(1) },
  'allow-origin': {
    value: 'ORIGIN',
    multiple: true,
    help: 'origin that may use the server from a browser; repeatable',
    read: origin,
  },
  'no-graphiql': { help: 'don’t serve GraphiQL' },
  'no-introspection': { help: 'don’t answer introspection' },
  'no-fan-out': { help: 'serve every subscription by a generator of its own' },
  'log-level': { value: 'LEVEL', help: `${LOG_LEVELS.join(', ')} (default info)`, read: logLevel },
  'drain-timeout': {
    value: 'SECONDS',
    help: 'time for answers in flight when the server ends (default 10)',
    read: count(0, 86_400),
  },
} as const satisfies Record<string, Flag>;

type FlagName = keyof typeof FLAGS;

/** Throws `UsageError`. */
export function parseServeFlags(args: readonly string[], env: NodeJS.ProcessEnv): ServeOptions {
  const given = givenIn(args);
  const names = Object.keys(FLAGS) as FlagName[];
  const values = Object.fromEntries(names.map((name) => [name, valueOf(name, given[name], env)]));
  const drainTimeout = values['drain-timeout'] as number | undefined;
  return {
    port: values['port'] as number | undefined,
    host: values['host'] as string | undefined,
    open: values['open'] as boolean | undefined,
    maxItems: values['max-items'] as number | undefined,
    maxBytes: values['max-bytes'] as number | undefined,
    window: values['window'] as number | undefined,
    ttl: values['ttl'] as number | undefined,
    maxValueBytes: values['max-value-bytes'] as number | undefined,
    maxBatch: values['max-batch'] as number | undefined,
    maxBatchBytes: values['max-batch-bytes'] as number | undefined,
    maxMessageBytes: values['max-message-bytes'] as number | undefined,
    maxConnections: values['max-connections'] as number | undefined,
    maxSubscriptions: values['max-subscriptions'] as number | undefined,
    allowOrigins: values['allow-origin'] as string[] | undefined,
    graphiql: values['no-graphiql'] !== true,
    introspection: values['no-introspection'] !== true,
    fanOut: values['no-fan-out'] !== true,
    logLevel: (values['log-level'] as LogLevel | undefined) ?? 'info',
    drainTimeoutMs: drainTimeout === undefined ? undefined : drainTimeout * 1000,
  };
}

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
  const variable = variablesOf(name).find((candidate) => env[candidate] !== undefined && env[candidate] !== '');
  const text = variable === undefined ? undefined : env[variable];
  if (variable === undefined || text === undefined) return undefined;
  if (!flag.value) return readSwitch(variable, text);
  return readWith(flag, variable, flag.multiple ? text.split(/[\s,]+/) : text);
}

function variablesOf(name: string): string[] {
  const own = `SEAMLINE_${name.toUpperCase().replaceAll('-', '_')}`;
  return name === 'port' ? [own, 'PORT'] : [own];
}

function readSwitch(variable: string, text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new UsageError(`${variable}: must be true or false, not ${JSON.stringify(text)}`);
}

function readWith({ read = String }: Flag, source: string, given: string | readonly string[]): unknown {
  try {
    return typeof given === 'string' ? read(given) : given.map((text) => read(text));
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${source}: ${error.message}`);
    throw error;
  }
}
