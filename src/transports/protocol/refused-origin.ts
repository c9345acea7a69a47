import { assertOrigin } from './allowed-origins.ts';

/** An origin that may not use the server, for the log and for the answer. */
export interface RefusedOrigin {
  /** At most 300 printable characters of ASCII: the header is a client's text. */
  readonly origin: string;
  /** Says how an operator allows the origin. */
  readonly message: string;
}

/** Enough for a scheme, a DNS name and a port. */
const MAX_SHOWN = 300;

/** Only characters that mean nothing to a shell, because an operator copies the flag from the log. */
const PLAIN = /^[a-z][a-z\d+.-]*:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** `header`: the request's `Origin`. */
export function refusedOrigin(header: string | undefined): RefusedOrigin {
  if (header === undefined) return { origin: '', message: 'refused: a page of another site that sends no origin' };
  const origin = header.slice(0, MAX_SHOWN).replace(/[^\x20-\x7e]/g, '?');
  return { origin, message: `refused: origin ${remedyFor(origin, header)}` };
}

function remedyFor(origin: string, header: string): string {
  if (header === 'null') return `null; only --allow-origin '*' allows pages without an origin`;
  if (origin !== header || !isNameable(origin)) return `${JSON.stringify(origin)}; --allow-origin cannot name it`;
  // Some shells expand brackets.
  return `${origin}; allow it with --allow-origin ${origin.includes('[') ? `'${origin}'` : origin}`;
}

function isNameable(origin: string): boolean {
  try {
    assertOrigin(origin);
    return PLAIN.test(origin);
  } catch {
    return false;
  }
}
