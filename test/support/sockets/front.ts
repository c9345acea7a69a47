/** An HTTP server before another one: it passes requests on, loses answers, or answers by itself. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { JSON_BODY } from '../clients/requests.ts';

export type Treatment =
  | 'pass'
  /** The request goes in, and the connection breaks before its answer. */
  | 'lose'
  | { readonly status: number; readonly body: string };

export interface Front {
  readonly url: string;
  /** Of each request, in order. */
  readonly seen: readonly { readonly headers: IncomingHttpHeaders; readonly body: string }[];
}

/** An answer of GraphQL that refuses. */
export const refusal = (code: string, extensions: object = {}): Treatment => ({
  status: 200,
  body: JSON.stringify({ data: null, errors: [{ message: 'no', extensions: { ...extensions, code } }] }),
});

/** `treatmentOf`: by the request's number, from 0. Introspection passes, and has no number. */
export async function frontOf(
  url: string,
  treatmentOf: (index: number) => Treatment | Promise<Treatment>,
): Promise<Front> {
  const seen: { headers: IncomingHttpHeaders; body: string }[] = [];
  const answer = async (body: string, treatment: Treatment): Promise<{ status: number; body: string } | undefined> => {
    if (typeof treatment === 'object') return treatment;
    const response = await fetch(url, { method: 'POST', headers: JSON_BODY, body });
    const text = await response.text();
    return treatment === 'pass' ? { status: response.status, body: text } : undefined;
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const body = Buffer.concat(chunks).toString();
      const isDescribing = body.includes('__schema');
      const index = isDescribing ? -1 : seen.push({ headers: request.headers, body }) - 1;
      void (async () => {
        // Its server may have ended with the test.
        const answered = await answer(body, isDescribing ? 'pass' : await treatmentOf(index)).catch(() => undefined);
        if (!answered) request.socket.destroy();
        else response.writeHead(answered.status, { 'content-type': 'application/json' }).end(answered.body);
      })();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, seen };
}
