/** `seamline tail`: from a subscription to lines. */
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { stringifyJson } from '../core/model/json.ts';
import { ItemChangesDocument, ItemsDocument } from '../../schema/documents/graphql.ts';
import { persistent } from '../client/persistent.ts';
import { type Payload, type Result, resumable } from '../client/resumable.ts';
import { type GraphQLFailure, reasonOf, type Target } from '../http-client/http-client.ts';
import {
  parseArguments,
  readFrom,
  TARGET_FLAGS,
  TARGET_HELP,
  targetOf,
  UsageError,
  wholeNumber,
} from './process/arguments.ts';
import { backoffMs } from '../core/replication/backoff.ts';
import { Output } from './process/output.ts';

export const HELP = `seamline tail: prints what is there now, and then everything that changes

  seamline tail --prefix sensor/ | jq .value
  seamline tail --url https://one.example/graphql | seamline insert --url https://other.example/graphql

Prints a line of JSON for each item: first what is there, oldest first. When the connection breaks it goes on where it was as soon
as the server is back: nothing twice, nothing left out.

  --limit N        ends after N items
  --after CURSOR   begins behind an item that was printed before
  --prefix P       only keys that start with this
  --changes        messages of itemChanges instead, which also tell what was removed
${TARGET_HELP}
`;

interface Tail {
  readonly target: Target;
  readonly payload: Payload;
  readonly field: 'items' | 'itemChanges';
  readonly after: string | undefined;
}

/** The exit code. Throws `UsageError`. */
export async function run(args: readonly string[]): Promise<number> {
  const tail = parse(args);
  const output = new Output(process.stdout);
  const closed = new Promise<number>((resolve) => {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      // Who reads has enough, as `head` does.
      if (error.code === 'EPIPE') return resolve(0);
      say(`cannot write: ${error.message}`);
      resolve(1);
    });
  });
  const code = await Promise.race([closed, follow(tail, output)]);
  await Promise.race([closed, output.flushed()]);
  return code;
}

function parse(args: readonly string[]): Tail {
  const text = { type: 'string' } as const;
  const options = { ...TARGET_FLAGS, limit: text, after: text, prefix: text, changes: { type: 'boolean' } } as const;
  const { limit, after, prefix, changes, ...target } = parseArguments(args, options).values;
  if (changes && limit !== undefined) throw new UsageError('--limit counts items, and does not go with --changes');
  const variables = {
    ...(limit !== undefined && { limit: readFrom('--limit', () => wholeNumber(limit, 0, 0x7fffffff)) }),
    ...(after !== undefined && { after }),
    ...(prefix !== undefined && { filter: { keyPrefix: prefix } }),
  };
  const query = String(changes ? ItemChangesDocument : ItemsDocument);
  return { target: targetOf(target), payload: { query, variables }, field: changes ? 'itemChanges' : 'items', after };
}

/** Resolves with the exit code when it has ended. */
function follow({ target, payload, field, after }: Tail, output: Output): Promise<number> {
  const { url, token } = target;
  let [wasConnected, isLost, hasDelivered, isOver] = [false, false, false, false];
  let reason = '';
  return new Promise((resolve) => {
    const end = (code: number, message?: string): void => {
      if (isOver) return;
      isOver = true;
      if (message !== undefined) say(message);
      resolve(code);
    };
    const client = createClient({
      ...persistent({ webSocketImpl: WebSocket }),
      url: url.replace(/^http/, 'ws'),
      retryWait: (failures) => delay(backoffMs(failures)),
      connectionParams: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      // Later it waits for the server, but there will be no other token.
      shouldRetry: (why) => wasConnected && !REFUSALS.has((why as { code?: unknown }).code),
    });
    client.on('connecting', (isRetry) => {
      if (!isRetry || isLost) return;
      isLost = true;
      say(`lost the connection to ${url}: ${reason}; trying again`);
    });
    client.on('connected', (opened) => {
      if (isLost) say('connected again');
      [wasConnected, isLost] = [true, false];
      output.follow(opened as WebSocket);
    });
    client.on('closed', (event) => (reason = describe(event)));
    const onReset = (): void => {
      if (after !== undefined && !hasDelivered)
        return end(1, '--after: the server doesn’t know this cursor, or no longer (CURSOR_EXPIRED)');
      say('the server has lost its log; going on with what is there now');
    };
    resumable(client, { onReset }).subscribe(payload, {
      next({ data, errors }: Result) {
        if (isOver) return;
        if (!data) return end(1, describe(errors));
        hasDelivered = true;
        output.write(stringifyJson((data as Record<string, unknown>)[field]));
      },
      error: (error) => end(1, `${Array.isArray(error) ? '' : placeOf(error, url)}${describe(error)}`),
      complete: () => end(0),
    });
  });
}

/** Codes with which a token is refused; 4401 by other servers, and by seamline 0.1. */
const REFUSALS: ReadonlySet<unknown> = new Set([4401, 4403]);

/** Errors of GraphQL, how a socket closed, or what kept it from opening. */
function describe(error: unknown): string {
  if (Array.isArray(error))
    return (error as GraphQLFailure[])
      .map(({ message, extensions }) => `${message} (${String(extensions?.['code'])})`)
      .join('; ');
  const { code, reason, error: cause } = error as { code?: unknown; reason?: unknown; error?: unknown };
  if (typeof code === 'number')
    return `closed with ${code} ${typeof reason === 'string' ? reason : reasonOf(error)}`.trim();
  return reasonOf(cause ?? error);
}

function placeOf(error: unknown, url: string): string {
  const isClosed = typeof (error as { code?: unknown }).code === 'number';
  return isClosed ? `${url}: ` : `cannot reach ${url}: `;
}

function say(message: string): void {
  console.error(`seamline: ${message}`);
}
