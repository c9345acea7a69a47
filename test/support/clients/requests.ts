/** Plain HTTP requests that no GraphQL client sends or shows. */
import { request as httpRequest } from 'node:http';
import type { SeamlineServer } from '../../../src/server/server.ts';
import type { Address, Result } from './clients.ts';

export const JSON_BODY = { 'content-type': 'application/json' };

/** Another path of the same server. */
export function urlOf(server: SeamlineServer, path: string): string {
  return new URL(path, server.url).href;
}

/** Posts a string unchanged, and an object as JSON. */
export function post(
  server: Address,
  body: string | object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(server.url, {
    method: 'POST',
    headers: { ...JSON_BODY, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

export async function resultOf<Data = unknown>(response: Response): Promise<Result<Data>> {
  return (await response.json()) as Result<Data>;
}

/** Posts chunk by chunk, without a `Content-Length`. Returns the status and body of the response. */
export function postChunked(
  server: SeamlineServer,
  chunks: readonly string[],
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(server.url, { method: 'POST', headers: JSON_BODY }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    for (const chunk of chunks) sent.write(chunk);
    sent.end();
  });
}
