/**
 * Insertions over HTTP, the short way (insertions.ts), before Yoga: a POST whose body has come as a whole and which asks for
 * nothing special. Any other request is Yoga's, body and all.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MAX_ACCEPT_LENGTH, negotiate } from '../protocol/accept.ts';
import type { Admission, Admit } from '../protocol/admission.ts';
import type { Yoga } from './http.ts';
import type { Insertions, Parameters } from '../operations/insertions.ts';
import { parseBody } from '../protocol/json-body.ts';
import type { RequestLog } from '../observability/request-log.ts';
import type { ServerContext } from '../operations/server-context.ts';

export interface HttpInsertionsOptions {
  readonly yoga: Yoga;
  readonly insertions: Insertions;
  readonly admit: Admit;
  readonly maxBodyBytes: number;
  readonly log: RequestLog;
}

export class HttpInsertions {
  readonly #options: HttpInsertionsOptions;

  constructor(options: HttpInsertionsOptions) {
    this.#options = options;
  }

  /** Answers the request, in whichever way. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { yoga, maxBodyBytes, admit } = this.#options;
    const type = answerType(request);
    const length = Number(request.headers['content-length']);
    const isPlain = type !== undefined && length > 0 && length <= maxBodyBytes;
    // Who isn't let in costs no more than that: Yoga says so, and the body is not read.
    const admission = isPlain ? await admit(request, request.headers.authorization).catch(() => undefined) : undefined;
    if (type === undefined || !admission) return void yoga(request, response);
    const read = (body: Buffer): void => {
      const parameters = parametersOf(body);
      if (parameters && this.#options.insertions.knows(parameters))
        void this.#insert(request, response, { parameters, body, type, admission });
      else this.#askYoga(request, response, body, { admission });
    };
    // Mostly it has come together with the headers.
    if (request.readableLength === length) return read(request.read() as Buffer);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => read(Buffer.concat(chunks)));
  }

  async #insert(
    request: IncomingMessage,
    response: ServerResponse,
    { parameters, body, type, admission }: Recognised,
  ): Promise<void> {
    const { insertions, log } = this.#options;
    const short = insertions.find(parameters, admission.caller, log.asker(request));
    const json = await short?.answer();
    if (json === undefined) return this.#askYoga(request, response, body, { admission, outcome: short?.outcome });
    const length = Buffer.byteLength(json);
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': length, 'Cache-Control': 'no-store' });
    response.end(json);
  }

  /** The long way. Yoga takes the body of a request that has been read from there. */
  #askYoga(request: IncomingMessage, response: ServerResponse, body: Buffer, known: ServerContext): void {
    const read = Object.assign(request, { body: new ReadBody(body) });
    void this.#options.yoga(read, response, known);
  }
}

/** Yoga's adapter takes it for a body if it can be iterated over and has a member. */
class ReadBody {
  readonly chunk: Buffer;

  constructor(chunk: Buffer) {
    this.chunk = chunk;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, void> {
    yield this.chunk;
  }
}

interface Recognised {
  readonly parameters: Parameters;
  readonly body: Buffer;
  readonly type: string;
  readonly admission: Admission;
}

/** Headers that may ask for something special. */
const SPECIAL = ['origin', 'content-encoding', 'last-event-id'] as const;

/** The content type of the answer. Undefined: the request may ask for something special, which Yoga's pipeline knows. */
function answerType({ method, url, headers }: IncomingMessage): string | undefined {
  if (method !== 'POST' || url !== '/graphql' || SPECIAL.some((name) => headers[name] !== undefined)) return undefined;
  if (!/^application\/json *(?:; *charset=utf-8)?$/i.test(headers['content-type'] ?? '')) return undefined;
  const { accept = '*/*' } = headers;
  if (accept.length > MAX_ACCEPT_LENGTH) return undefined;
  const { single } = negotiate(accept);
  return single && single !== 'text/event-stream' ? `${single}; charset=utf-8` : undefined;
}

function parametersOf(body: Buffer): Parameters | undefined {
  try {
    return parseBody(body);
  } catch {
    return undefined;
  }
}
