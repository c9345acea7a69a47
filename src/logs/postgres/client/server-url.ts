/** What a URL says of a PostgreSQL server. Errors never quote it: it may hold a password. */
import { userInfo } from 'node:os';

export interface ServerUrl {
  /** A name, an address, or the directory of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | undefined;
  readonly parameters: Readonly<Partial<Record<Parameter, string>>>;
}

const SSL_MODES = ['disable', 'no-verify', 'require', 'verify-ca', 'verify-full'] as const;

/** The parameters of libpq that mean something to a node, with their values, if those are limited. */
const PARAMETERS = {
  application_name: undefined,
  channel_binding: ['disable', 'prefer', 'require'],
  host: undefined,
  options: undefined,
  port: undefined,
  sslcert: undefined,
  sslkey: undefined,
  sslmode: SSL_MODES,
  sslrootcert: undefined,
  target_session_attrs: ['primary', 'read-write'],
} as const satisfies Record<string, readonly string[] | undefined>;

type Parameter = keyof typeof PARAMETERS;

const DEFAULT_PORT = 5432;
/** Stands for a host that is left out after a user name, which a URL can't be without. */
const NOWHERE = '-';

/** `number`: the position of the URL in the list, from 1 on. Throws a `RangeError`. */
export function parseServerUrl(text: string, number: number): ServerUrl {
  const url = URL.parse(text.replace(/^([a-z]+:\/\/[^/?#]*@)(?=[/?]|$)/i, `$1${NOWHERE}`));
  const isWrong = !url || !/^postgres(ql)?:$/.test(url.protocol) || url.hash || /[\s,]/.test(text);
  const [user, password, named, path] = isWrong
    ? []
    : [url.username, url.password, url.hostname, url.pathname.slice(1)].map(decoded);
  if (isWrong || user === undefined || password === undefined || named === undefined || path === undefined)
    throw expected(number);
  if (url.pathname.slice(1).includes('/')) throw expected(number);
  const parameters = parametersOf(url, number);
  const hosts = [named === NOWHERE ? '' : named, parameters.host ?? ''].filter((host) => host !== '');
  const [host, another] = hosts;
  const port = Number(url.port || parameters.port || DEFAULT_PORT);
  if (host === undefined || another !== undefined || !(port > 0 && port < 65_536)) throw expected(number);
  const own = user || process.env['PGUSER'] || nameOfSystem();
  if (own === undefined)
    throw new RangeError(
      `URL ${number} must name a user, as in postgres://user@host, because the system has no name for its own`,
    );
  return {
    // An IPv6 address has brackets in a URL only.
    host: host.replace(/^\[|\]$/g, ''),
    port,
    user: own,
    database: path || process.env['PGDATABASE'] || own,
    password: password || undefined,
    parameters,
  };
}

function expected(number: number): RangeError {
  return new RangeError(
    `URL ${number} must be one such as postgres://user:password@host:5432/database?sslmode=require, with %40 for @ in a password, and %2F for /`,
  );
}

function parametersOf({ searchParams, search }: URL, number: number): ServerUrl['parameters'] {
  // A password with a question mark, maybe: names that look otherwise than those of libpq are not told.
  if (search.includes('@') || [...searchParams.keys()].some((name) => !/^[a-z_]{2,40}$/.test(name)))
    throw expected(number);
  for (const [name, value] of searchParams) {
    if (!isKnown(name))
      throw new RangeError(
        `URL ${number} must not have the parameter "${name}": remove it (known are ${Object.keys(PARAMETERS).join(', ')})`,
      );
    const values: readonly string[] | undefined = PARAMETERS[name];
    if (values && !values.includes(value)) {
      const given = /^[\w-]{1,40}$/.test(value) ? value : 'another value';
      throw new RangeError(`URL ${number} must have ${name}=${values.join('|')}, not ${given}`);
    }
  }
  return Object.fromEntries(searchParams);
}

const isKnown = (name: string): name is Parameter => Object.hasOwn(PARAMETERS, name);

/** Undefined where a percent sign stands for itself. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Undefined in a container whose user has no name. */
function nameOfSystem(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
