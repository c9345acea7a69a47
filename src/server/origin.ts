import type { IncomingMessage } from 'node:http';
import { isIP, SocketAddress } from 'node:net';
import type { AllowedOrigins } from '../transports/protocol/allowed-origins.ts';
import { isLoopback } from './options.ts';

export interface Origins {
  /** Whether there is neither authentication nor the word that anybody may come. */
  readonly isPrivate: boolean;
  /** Whose pages may use the server beside its own. */
  readonly allowed: AllowedOrigins;
  /** Whether to believe `X-Forwarded-For` and `X-Forwarded-Host`. */
  readonly trustProxy: boolean;
}

/** Whether the request comes from the server's own page, from an allowed origin, or from a client that is no browser. */
export function isWelcome(request: IncomingMessage, origins: Origins): boolean {
  return isOwnPage(request, origins) || admitted(request, origins) !== undefined;
}

/** The same, but for pages that only `*` admits: a cookie that came along must not speak for its owner there. */
export function mayBearCookie(request: IncomingMessage, origins: Origins): boolean {
  return isOwnPage(request, origins) || admitted(request, origins) === 'named';
}

function admitted({ headers: { origin } }: IncomingMessage, { allowed }: Origins): 'named' | 'any' | undefined {
  return origin === undefined ? undefined : allowed.admits(origin);
}

function isOwnPage({ headers }: IncomingMessage, { trustProxy }: Origins): boolean {
  const { origin } = headers;
  if (origin === undefined) return headers['sec-fetch-site'] !== 'cross-site';
  const host = trustProxy ? (lastOf(headers['x-forwarded-host']) ?? headers.host) : headers.host;
  const page = /^https?:/.test(origin) ? URL.parse(origin) : null;
  // A proxy or a client may name the port that the scheme stands for, as `example.org:443`.
  return page !== null && page.host === URL.parse(`${page.protocol}//${host}`)?.host;
}

/**
 * Whether the host that a request names may be ours. A browser may reach a private server by this machine's names only: a
 * page's owner may have a name of its own lead here (DNS rebinding). A page that is allowed is none of those, and neither is a host
 * that such pages come from.
 */
export function isKnownHost(request: IncomingMessage, origins: Origins): boolean {
  const { headers } = request;
  const url = URL.parse(`http://${headers.host ?? 'localhost'}`);
  if (url === null) return false;
  const isBrowser = headers.origin !== undefined || headers['user-agent']?.startsWith('Mozilla/') === true;
  if (!origins.isPrivate || !isBrowser || isLoopback(url.hostname.replace(/^\[(.*)\]$/, '$1'))) return true;
  return admitted(request, origins) !== undefined || origins.allowed.hasHost(url.hostname);
}

/**
 * Behind a proxy: what the proxy itself has added, which is the last entry. One that names no address (`unknown`) makes the
 * proxy the client.
 */
export function clientAddress({ headers, socket }: IncomingMessage, { trustProxy }: Origins): string {
  const forwarded = trustProxy ? lastOf(headers['x-forwarded-for']) : undefined;
  return addressIn(forwarded ?? '') ?? addressIn(socket.remoteAddress ?? '') ?? '';
}

/**
 * Without the port, the brackets and the quotes that proxies write, and in one spelling: a client must not become another
 * one by any of them. Undefined: it is no address.
 */
function addressIn(entry: string): string | undefined {
  const bare = entry
    .replace(/^"(.*)"$/, '$1')
    .replace(/^\[(.*)\](:\d*)?$/, '$1')
    .replace(/^([\d.]+):\d*$/, '$1');
  const family = isIP(bare);
  if (family !== 6) return family === 4 ? bare : undefined;
  // An IPv4 client of a socket that listens for both comes as `::ffff:192.0.2.1`.
  return new SocketAddress({ address: bare, family: 'ipv6' }).address.replace(/^::ffff:(?=[\d.]+$)/, '');
}

function lastOf(header: string | readonly string[] | undefined): string | undefined {
  return (
    String(header ?? '')
      .split(',')
      .at(-1)
      ?.trim() || undefined
  );
}
