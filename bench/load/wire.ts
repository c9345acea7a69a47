/** The requests and WebSocket frames that the load client sends. Its masks are zero, which costs no CPU. */
import { UPGRADE } from '../../test/support/fuzz/frames.ts';
import type { Filter } from '../peers/interests.ts';
import type { Wire } from './peers.ts';

export const clientFrame = (text: string): Buffer => {
  const size = Buffer.byteLength(text);
  const code = size < 126 ? size : size < 65_536 ? 126 : 127;
  const head = code < 126 ? 2 : code === 126 ? 4 : 10;
  const bytes = Buffer.alloc(head + 4 + size);
  bytes[0] = 0x81;
  bytes[1] = 0x80 | code;
  if (code === 126) bytes.writeUInt16BE(size, 2);
  if (code === 127) bytes.writeBigUInt64BE(BigInt(size), 2);
  bytes.write(text, head + 4);
  return bytes;
};

export const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

export function post(body: object, accept: string): string {
  const text = JSON.stringify(body);
  const headers = [
    'POST /graphql HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    `Accept: ${accept}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  return `${headers.join('\r\n')}\r\n\r\n${text}`;
}

const QUERY = 'subscription { items { key value timestamp cursor } }';
const FILTERED = 'subscription ($filter: ItemFilter) { items(filter: $filter) { key value timestamp cursor } }';

export interface Greeting {
  /** Sent at once. */
  readonly request: string;
  /** Sent once the headers of the response have arrived. */
  readonly opened: Buffer | undefined;
  /** Sent once `opened` is answered, if the protocol has an answer. */
  readonly subscribe: Buffer | undefined;
}

export const GREETINGS: Readonly<Record<Wire, Greeting>> = {
  graphql: {
    request: String(UPGRADE),
    opened: clientFrame('{"type":"connection_init"}'),
    subscribe: clientFrame(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY } })),
  },
  sse: { request: post({ query: QUERY }, 'text/event-stream'), opened: undefined, subscribe: undefined },
  raw: { request: String(UPGRADE), opened: clientFrame('{"subscribe":{}}'), subscribe: undefined },
};

/** The greeting of a WebSocket with a subscription for each of the filters. `query` takes the filter as a variable. */
export function greetingWith(wire: Wire, filters: readonly Filter[], query = FILTERED): Greeting {
  const { request, opened } = GREETINGS[wire];
  const frames = filters.map((filter, n) => {
    const payload = { query, variables: { filter } };
    const message = wire === 'raw' ? { subscribe: filter } : { id: String(n + 1), type: 'subscribe', payload };
    return clientFrame(JSON.stringify(message));
  });
  const subscribe = Buffer.concat(frames);
  return wire === 'raw' ? { request, opened: subscribe, subscribe: undefined } : { request, opened, subscribe };
}
