import type { IncomingMessage } from 'node:http';

/** Whether no page of another host sent it. What is no browser sends no `Origin`. */
export function isSameOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
