/** Origins of other hosts whose pages may use the server: `scheme://host[:port]`, `https://*.example.org`, or `*`. */

export interface AllowedOrigins {
  /** `named`: its requests may carry cookies. `any`: only `*` admits it. */
  admits(origin: string): 'named' | 'any' | undefined;
  /** Whether a page may come from a host of this name. */
  hasHost(hostname: string): boolean;
  readonly isEmpty: boolean;
}

interface Pattern {
  readonly scheme: string;
  readonly host: string;
  /** With its colon; empty for the scheme's default port. */
  readonly port: string;
  readonly isWildcard: boolean;
}

const ORIGIN = /^([a-z][a-z\d+.-]*):\/\/(\*\.)?(\[[\da-f:.]+\]|[^\s/?#@:*[\]\\]+)(?::(\d{1,5}))?$/i;
const SUBDOMAIN = /^[\w-]+(?:\.[\w-]+)*$/;

/** Throws a `RangeError` for a text that is not an origin. */
export function allowedOrigins(allowed: readonly string[]): AllowedOrigins {
  const anybody = allowed.includes('*');
  const patterns = allowed.filter((text) => text !== '*').map(patternOf);
  const exact = new Set(patterns.filter(({ isWildcard }) => !isWildcard).map(originOf));
  const wildcards = patterns.filter(({ isWildcard }) => isWildcard);
  return {
    isEmpty: allowed.length === 0,
    admits(origin) {
      // Safari's extensions have upper case in theirs.
      const plain = origin.toLowerCase();
      if (exact.has(plain) || wildcards.some((pattern) => isSubdomain(plain, pattern))) return 'named';
      return anybody ? 'any' : undefined;
    },
    hasHost(hostname) {
      const isNamed = ({ host, isWildcard }: Pattern): boolean =>
        isWildcard ? isBelow(hostname, host) : hostname === host;
      return anybody || patterns.some(isNamed);
    },
  };
}

/** Throws a `RangeError` that says what to write instead. */
export function assertOrigin(text: string): void {
  if (text !== '*') patternOf(text);
}

function patternOf(text: string): Pattern {
  const [, scheme = '', wildcard, host = '', port] = ORIGIN.exec(text.toLowerCase()) ?? [];
  // Browsers send such hosts as URLs have them: in Punycode, and without the scheme's default port.
  const isWeb = scheme === 'http' || scheme === 'https';
  const url = isWeb ? URL.parse(`${scheme}://${host}${port === undefined ? '' : `:${port}`}`) : undefined;
  if (host === '' || Number(port ?? 0) > 65_535 || url === null) throw new RangeError(complaintOf(text));
  const plainPort = url ? url.port : (port ?? '');
  return {
    scheme,
    host: url?.hostname ?? host,
    port: plainPort === '' ? '' : `:${plainPort}`,
    isWildcard: wildcard !== undefined,
  };
}

function complaintOf(text: string): string {
  const [, start] = /^([a-z][a-z\d+.-]*:\/\/[^\s/?#@]+)[/?#]/i.exec(text) ?? [];
  const instead = start !== undefined && ORIGIN.test(start) ? `; write ${start}` : '';
  return `must be an origin (scheme://host[:port], no path), such as https://example.org, https://*.example.org for its subdomains, or * for all, not ${JSON.stringify(text)}${instead}`;
}

const originOf = ({ scheme, host, port }: Pattern): string => `${scheme}://${host}${port}`;

function isSubdomain(origin: string, { scheme, host, port }: Pattern): boolean {
  const start = `${scheme}://`;
  if (!origin.startsWith(start) || !origin.endsWith(`.${host}${port}`)) return false;
  return isBelow(origin.slice(start.length, origin.length - port.length), host);
}

const isBelow = (name: string, host: string): boolean =>
  name.endsWith(`.${host}`) && SUBDOMAIN.test(name.slice(0, -host.length - 1));
