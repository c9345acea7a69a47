/** `seamline tail`: prints a subscription as lines of JSON. */
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { exactly, stringifyJson } from '../core/model/json.ts';
import { documentsOf } from '../described/documents.ts';
import { persistent } from '../client/resuming/persistent.ts';
import { type Payload, type Result, resumable } from '../client/resuming/resumable.ts';
import { type GraphQLFailure, reasonOf, type ServerAddress } from '../http-client/http-client.ts';
import { addressOf, helpOf, parseArguments, readFrom, UsageError, wholeNumber } from './process/arguments.ts';
import { TAIL_FLAGS } from './process/command-flags.ts';
import { backoffMs } from '../core/replication/backoff.ts';
import { closedOutput, LineOutput } from './process/line-output.ts';
import { type CollectionChoice, collectionOf } from './request/collection.ts';
import { valueFilterIn } from './where-flag.ts';

export const HELP = `seamline tail: prints the current items, then every change

  seamline tail --prefix sensor/ | jq .value
  seamline tail --where '{"path":"/status","eq":"open"}'
  seamline tail --collection quotes --where '{"price":{"gte":100}}'
  seamline tail --url https://one.example/graphql | seamline insert --url https://other.example/graphql

Prints a line of JSON for each item, starting with the current items, oldest first. When the connection breaks, it resumes as soon as the
server is back, without losing or repeating an item.

${helpOf(TAIL_FLAGS)}
`;

interface Tail {
  readonly address: ServerAddress;
  readonly choice: CollectionChoice;
  readonly variables: Record<string, unknown>;
  readonly document: 'items' | 'changes';
  readonly after: string | undefined;
}

/** Resolves with the exit code. Throws `UsageError`. */
export async function run(args: readonly string[]): Promise<number> {
  const tail = parse(args);
  const output = new LineOutput(process.stdout);
  const closed = closedOutput(process.stdout);
  const code = await Promise.race([closed, describeAndFollow(tail, output)]);
  await Promise.race([closed, output.flushed()]);
  return code;
}

function parse(args: readonly string[]): Tail {
  const { limit, after, prefix, where, changes, collection, schema, ...address } = parseArguments(
    args,
    TAIL_FLAGS,
  ).values;
  if (changes && limit !== undefined)
    throw new UsageError('--limit counts items and cannot be combined with --changes');
  const variables = {
    ...(limit !== undefined && { limit: readFrom('--limit', () => wholeNumber(limit, 0, 0x7fffffff)) }),
    ...(after !== undefined && { after }),
    ...((prefix !== undefined || where !== undefined) && {
      filter: {
        ...(prefix !== undefined && { keyPrefix: prefix }),
        ...(where !== undefined && { where: readFrom('--where', () => valueFilterIn(where)) }),
      },
    }),
  };
  return {
    address: addressOf(address),
    choice: { collection, schema },
    variables,
    document: changes ? 'changes' : 'items',
    after,
  };
}

/** Resolves with the exit code. Throws `UsageError`. */
async function describeAndFollow(tail: Tail, output: LineOutput): Promise<number> {
  const collection = await collectionOf(tail.address, tail.choice);
  for (const { name, levels } of collection.cutTypes)
    say(`${name} contains itself: its values below level ${levels} are not printed, so a copy lacks them`);
  const { [tail.document]: query, roots } = documentsOf(collection);
  return follow(tail, { query, variables: tail.variables }, roots[tail.document], output);
}

/** Resolves with the exit code once the subscription has ended. */
function follow({ address, after }: Tail, payload: Payload, field: string, output: LineOutput): Promise<number> {
  const { url, token } = address;
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
      // A filter may have a number that JavaScript prints rounded.
      jsonMessageReplacer: (_name, value: unknown) => (typeof value === 'number' ? exactly(value) : value),
      connectionParams: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      // Once it was connected it waits for the server, unless the token is refused: no other token will come.
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
      output.setSource(opened as WebSocket);
    });
    client.on('closed', (event) => (reason = describe(event)));
    const onReset = (): void => {
      if (after !== undefined && !hasDelivered)
        return end(1, '--after: the server does not know this cursor, or has forgotten it (CURSOR_EXPIRED)');
      say('the server has lost its log; starting again with its current items');
    };
    const onMissed = (): void => say('a message was lost on the way; resuming');
    resumable(client, { onReset, onMissed }).subscribe(payload, {
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

/** Close codes for a refused token. Other servers and seamline 0.1 use 4401. */
const REFUSALS: ReadonlySet<unknown> = new Set([4401, 4403]);

/** Describes GraphQL errors, the close of a socket, or the reason why it did not open. */
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
