/** Explains to a user of the command line why the server did not start: errors of the server name options of `createServer`. */
import { SdlFileError } from '../../schema/sdl/parse-sdl-file.ts';
import { FileLogError } from '../logs/file/disk/errors.ts';
import { DEFAULTS, type ServerOptions } from '../server/options.ts';
import { UsageError } from './process/arguments.ts';

interface Start {
  readonly options: ServerOptions;
  /** How each option is called where it was set, by a flag or by a variable. */
  readonly names: ReadonlyMap<string, string>;
}

/** A `UsageError` when the options make no sense, and otherwise an error that says which flag may help. */
export function explainStart(error: unknown, { options, names }: Start): unknown {
  if (error instanceof SdlFileError) return new UsageError(error.message);
  if (error instanceof RangeError) return new UsageError(inFlags(error.message, namesFor(options, names), options));
  const message = adviceOn(error, options);
  return message === undefined ? error : new Error(message, { cause: error });
}

function adviceOn(error: unknown, { port, host }: ServerOptions): string | undefined {
  if (error instanceof FileLogError) {
    if (error.trouble === 'damaged')
      return `${error.message} (pass --repair to open it with the sound part before the damage)`;
    return error.trouble === 'no directory' ? `${error.message}: choose another one with --data` : undefined;
  }
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return undefined;
  const given = port ?? DEFAULTS.port;
  if (code === 'EADDRINUSE') return `port ${given} is in use: choose another one with --port`;
  if (code === 'EACCES') return `port ${given} needs more rights: choose one above 1023 with --port`;
  if (code !== 'EADDRNOTAVAIL' && code !== 'ENOTFOUND') return undefined;
  return `${host ?? DEFAULTS.host} is not an address of this machine: choose another one with --host`;
}

/** Which option of the server sets an option of the engine. */
const ENGINE_OPTIONS = {
  nats: {
    domain: 'natsDomain',
    replicas: 'natsReplicas',
    creds: 'natsCreds',
    nkey: 'natsNkey',
    tlsCa: 'natsTlsCa',
    tlsCert: 'natsTlsCert',
    tlsKey: 'natsTlsKey',
  },
  redis: {
    wait: 'redisWait',
    sentinel: 'redisSentinel',
    tlsCa: 'redisTlsCa',
    tlsCert: 'redisTlsCert',
    tlsKey: 'redisTlsKey',
    'tls ca': 'redisTlsCa',
    'tls cert': 'redisTlsCert',
    'tls key': 'redisTlsKey',
  },
  postgres: {
    passwordFile: 'postgresPasswordFile',
    tlsCa: 'postgresTlsCa',
    tlsCert: 'postgresTlsCert',
    tlsKey: 'postgresTlsKey',
    'tls ca': 'postgresTlsCa',
    'tls cert': 'postgresTlsCert',
    'tls key': 'postgresTlsKey',
  },
} as const;

const engineOf = ({ nats, redis, postgres }: ServerOptions): 'nats' | 'redis' | 'postgres' | undefined => {
  if (redis !== undefined) return 'redis';
  if (postgres !== undefined) return 'postgres';
  return nats === undefined ? undefined : 'nats';
};

function namesFor(options: ServerOptions, names: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const engine = engineOf(options);
  const own = engine === undefined ? [] : Object.entries(ENGINE_OPTIONS[engine]);
  return new Map([...names, ...own.map(([name, option]) => [name, names.get(option) ?? name] as const)]);
}

/**
 * Replaces the names of options. A word such as `redis` or `host` may also be part of a URL or a path, so only the places are considered that
 * name options: the subject, what it needs, and what to pass.
 */
function inFlags(message: string, names: ReadonlyMap<string, string>, options: ServerOptions): string {
  const longestFirst = [...names.keys()].toSorted((a, b) => b.length - a.length);
  const name = new RegExp(`(?<!@)\\b(?:${longestFirst.join('|')})\\b`, 'g');
  const named = (text: string): string => text.replace(name, (option) => names.get(option) ?? option);
  const text = message
    .replace(/^[\w ,]+(?=\[\d+\]| (?:needs?|must|excludes?) |: )/, named)
    .replace(/(?<=^\S+ needs ).+$/, named)
    .replace(/(?<=: (?:pass|name|set) ).+$/, named)
    .replace(/ exclude each other(?:: pass one of them)?$/, ' exclude each other: choose one');
  const engine = engineOf(options);
  const isOfUrls = /^(?:the |several )?(?:URLs?|servers?) /.test(text);
  return engine !== undefined && isOfUrls ? `${names.get(engine) ?? engine}: ${text}` : text;
}
