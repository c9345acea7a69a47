/** Measures the time from COMMIT in PostgreSQL to the delivery to a subscriber of each node. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { keyOf, valueOf } from '../peers/peer.ts';

const QUERY = 'subscription { items { key value } }';

export interface CommitOptions {
  /** Of the database. */
  readonly url: string;
  /** Of the nodes. */
  readonly ports: readonly number[];
  readonly writers: number;
  /** Of all writers together. */
  readonly perSecond: number;
  readonly seconds: number;
  /** So many keys are written to. */
  readonly keys: number;
}

/** Resolves with the times of each node, sorted, in ms: from the moment that COMMIT is sent. */
export async function commitLatencies(options: CommitOptions): Promise<readonly (readonly number[])[]> {
  const { url, ports, writers, perSecond, seconds, keys } = options;
  const sentAt: number[] = [];
  const took = ports.map((): number[] => []);
  const subscribers = await Promise.all(
    ports.map((port, node) =>
      subscribe(port, (value) => {
        const sent = sentAt[Number.parseInt(value, 10)];
        if (sent !== undefined && !value.startsWith('0')) took[node]?.push(performance.now() - sent);
      }),
    ),
  );
  // 0 is the value of keys that other measurements have left behind.
  let next = 1;
  const endsAt = performance.now() + seconds * 1000;
  const everyMs = (writers * 1000) / perSecond;
  const write = async (writer: number): Promise<void> => {
    const client = new Client(url);
    await client.connect();
    // The writers take turns, and one that is late does not wait before the next transaction.
    for (let at = performance.now() + (writer * everyMs) / writers; at < endsAt; at += everyMs) {
      await sleep(Math.max(0, at - performance.now()));
      const n = next++;
      await client.query('begin');
      await client.query('select seamline.insert($1, $2, to_jsonb($3::text))', [
        'seamline',
        keyOf(n % keys),
        valueOf(n),
      ]);
      sentAt[n] = performance.now();
      await client.query('commit');
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  const deadline = performance.now() + 5000;
  while (took.some(({ length }) => length < next - 1) && performance.now() < deadline) await sleep(10);
  for (const socket of subscribers) socket.close();
  return took.map((times, node) => {
    if (times.length !== next - 1) throw new Error(`node ${node + 1} delivered ${times.length} of ${next - 1} commits`);
    return times.toSorted((a, b) => a - b);
  });
}

/** Resolves once items arrive. */
async function subscribe(port: number, onValue: (value: string) => void): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
  const send = (message: object): void => socket.send(JSON.stringify(message));
  const joined = Promise.withResolvers<void>();
  socket.addEventListener('error', () => joined.reject(new Error('a subscriber was cut')));
  socket.addEventListener('open', () => send({ type: 'connection_init' }));
  socket.addEventListener('message', ({ data }) => {
    const { type, payload } = JSON.parse(String(data)) as {
      type: string;
      payload?: { data?: { items: { value: string | number } } };
    };
    if (type === 'connection_ack') send({ id: '1', type: 'subscribe', payload: { query: QUERY } });
    if (type !== 'next' || !payload?.data) return;
    joined.resolve();
    onValue(String(payload.data.items.value));
  });
  await joined.promise;
  return socket;
}
