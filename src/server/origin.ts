import type { IncomingMessage } from 'node:http';
import { isIP, SocketAddress } from 'node:net';
import { isLoopback } from './options.ts';

export interface Origins {
  /** Whether there is neither authentication nor the word that anybody may come. */
  readonly isPrivate: boolean;
  /** Origins of other hosts whose pages may use the server. */
  readonly allowOrigins: readonly string[];
  /** Whether to believe `X-Forwarded-For`, `-Host` and `-Proto`. */
  readonly trustProxy: boolean;
}

/** Whether no page of another host sent it, or one that is allowed. What is no browser sends neither header. */
export function isOwnPage({ headers }: IncomingMessage, { allowOrigins, trustProxy }: Origins): boolean {
  const { origin } = headers;
  if (origin === undefined) return headers['sec-fetch-site'] !== 'cross-site';
  if (allowOrigins.includes(origin)) return true;
  const host = trustProxy ? (lastOf(headers['x-forwarded-host']) ?? headers.host) : headers.host;
  const page = URL.parse(origin);
  // Some proxies name the port that a browser leaves out, as `example.org:443`.
  return page !== null && URL.parse(`${page.protocol}//${host}`)?.host === page.host;
}

/**
 * Whether the host that a request names may be ours. A browser may reach a private server by this machine's names only: a
 * page's owner may have a name of its own lead here (DNS rebinding).
 */
export function isKnownHost({ headers }: IncomingMessage, { isPrivate }: Origins): boolean {
  const url = URL.parse(`http://${headers.host}`);
  if (url === null) return false;
  const isBrowser = headers.origin !== undefined || headers['user-agent']?.startsWith('Mozilla/') === true;
  return !isPrivate || !isBrowser || isLoopback(url.hostname.replace(/^\[(.*)\]$/, '$1'));
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
