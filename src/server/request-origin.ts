/** Where a request comes from: its page's origin, the host that it names, and the client's address. */
import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4, SocketAddress } from 'node:net';
import type { LogFields } from '../core/model/logger.ts';
import type { AllowedOrigins } from '../transports/protocol/allowed-origins.ts';
import { refusedOrigin } from '../transports/protocol/refused-origin.ts';
import { isLoopback } from './options.ts';

export interface Origins {
  /** Whether the server serves this machine only: it has no authentication and is not declared open. */
  readonly isPrivate: boolean;
  /** Other origins whose pages may use the server. */
  readonly allowed: AllowedOrigins;
  /** Whether to trust `X-Forwarded-For` and `X-Forwarded-Host`. */
  readonly trustProxy: boolean;
}

/** Why a request may not use the server. */
export interface OriginRefusal {
  readonly code: 'BAD_HOST' | 'BAD_ORIGIN';
  /** For the client. */
  readonly text: string;
  /** Of the log line. */
  readonly fields: LogFields;
  /** Of the log line, if it has one of its own. */
  readonly message?: string;
}

/** Refuses a request that names a host which may not be this server. */
export function hostRefusal(request: IncomingMessage, origins: Origins): OriginRefusal | undefined {
  if (isKnownHost(request, origins)) return undefined;
  const shown = JSON.stringify(request.headers.host);
  const text = `host ${shown} is not allowed for browsers without authentication: use localhost, or pass --allow-origin or --open`;
  return { code: 'BAD_HOST', text, fields: {} };
}

/** Refuses a page of another origin. Over HTTP a request without `Origin` passes: it may be a link, or of a client that is no browser. */
export function originRefusal(
  request: IncomingMessage,
  origins: Origins,
  transport: 'http' | 'websocket',
): OriginRefusal | undefined {
  const header = request.headers.origin;
  const isExempt = header === undefined && transport === 'http';
  if (isExempt || isOwnPage(request, origins) || admitted(request, origins) !== undefined) return undefined;
  const { origin, message } = refusedOrigin(header);
  return { code: 'BAD_ORIGIN', text: message, fields: { origin }, message };
}

/** Whether a cookie of the request counts. On pages that only `*` admits it must not, because their owner could act for the user. */
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
 * Whether the host that a request names may be this server. A browser may reach a private server by names of this machine only, because the
 * owner of a page can point a domain of their own to it (DNS rebinding). Allowed origins and their hosts are exempt.
 */
function isKnownHost(request: IncomingMessage, origins: Origins): boolean {
  const { headers } = request;
  const named = `http://${headers.host ?? 'localhost'}`;
  const isBrowser = headers.origin !== undefined || headers['user-agent']?.startsWith('Mozilla/') === true;
  if (!origins.isPrivate || !isBrowser) return URL.canParse(named);
  const url = URL.parse(named);
  if (url === null) return false;
  if (isLoopback(url.hostname.replace(/^\[(.*)\]$/, '$1'))) return true;
  return admitted(request, origins) !== undefined || origins.allowed.hasHost(url.hostname);
}

/**
 * The address of the client. Behind a proxy it is the last entry of the header, which the proxy itself added. When that entry is no address
 * (`unknown`), the proxy counts as the client.
 */
export function clientAddress({ headers, socket }: IncomingMessage, { trustProxy }: Origins): string {
  const forwarded = trustProxy ? lastOf(headers['x-forwarded-for']) : undefined;
  const { remoteAddress = '' } = socket;
  return (forwarded === undefined ? undefined : addressIn(forwarded)) ?? addressIn(remoteAddress) ?? '';
}

/**
 * Normalises an address: without the port, brackets and quotes that proxies write, and in one spelling, so that a client always has the same
 * address. Undefined: it is no address.
 */
function addressIn(entry: string): string | undefined {
  if (isIPv4(entry)) return entry;
  const bare = entry
    .replace(/^"(.*)"$/, '$1')
    .replace(/^\[(.*)\](:\d*)?$/, '$1')
    .replace(/^([\d.]+):\d*$/, '$1');
  const family = isIP(bare);
  if (family !== 6) return family === 4 ? bare : undefined;
  // A socket that listens for both families shows an IPv4 client as `::ffff:192.0.2.1`.
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
