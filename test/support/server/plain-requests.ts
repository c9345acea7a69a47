/** Sends HTTP/1.1 requests as they are written, and reads the responses. */
import type { ServerOptions } from '../../../src/server/options.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { converse } from '../fuzz/connection.ts';
import { type Response, responsesIn } from '../fuzz/responses.ts';
import { startServer } from './server.ts';

export const JSON_TYPE = 'Content-Type: application/json';

/** A request without its Host header. */
export interface Sent {
  readonly line: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

export const textOf = ({ line, headers = [], body = '' }: Sent): string =>
  `${[line, 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n${body}`;

/** Sends requests on one connection, each once the previous one has been answered, until the server closes it. */
export async function answersTo(server: SeamlineServer, ...requests: readonly Sent[]): Promise<Response[]> {
  const [first = '', ...rest] = requests.map(textOf);
  const methods = requests.map(({ line }) => line.split(' ')[0] ?? '');
  let answered = 0;
  const bytes = await converse(server, {
    bytes: Buffer.from(first),
    onReceived(received, socket) {
      const whole = [...responsesIn(received, methods)].filter(
        ({ isWhole, status }, at) => isWhole || status === 204 || methods[at] === 'HEAD',
      ).length;
      if (whole <= answered) return;
      answered = whole;
      const next = rest.shift();
      if (next === undefined) socket.end();
      else socket.write(next);
    },
  });
  return [...responsesIn(bytes, methods)];
}

export async function answerTo(sent: Sent, options?: ServerOptions): Promise<Response> {
  const [answer] = await answersTo(await startServer(options), sent);
  if (!answer) throw new Error('no answer');
  return answer;
}
