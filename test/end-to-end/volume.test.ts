import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ItemChangesDocument, ItemsDocument } from '../../schema/documents/graphql.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { Mirror } from '../support/model/mirror.ts';
import { startServer } from '../support/server/server.ts';

/** Receives everything that a server sends at little cost. `stall` stops reading from the socket. */
interface Reader {
  stall(): void;
  readOn(): void;
}

type Urls = Pick<SeamlineServer, 'url' | 'webSocketUrl'>;

async function webSocketReader(
  { webSocketUrl }: Urls,
  query: string,
  onResult: (json: string) => void,
): Promise<Reader> {
  const socket = new WebSocket(webSocketUrl, 'graphql-transport-ws', { perMessageDeflate: false });
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.on('message', (message) => onResult(String(message)));
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  return { stall: () => socket.pause(), readOn: () => socket.resume() };
}

async function sseReader({ url }: Urls, query: string, onResult: (json: string) => void): Promise<Reader> {
  const sent = get(`${url}?${new URLSearchParams({ query })}`, {
    headers: { accept: 'text/event-stream' },
    agent: false,
  });
  onTestFinished(() => void sent.destroy());
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: ')) onResult(line.slice(6));
  });
  return { stall: () => response.pause(), readOn: () => response.resume() };
}

const readers = [webSocketReader, sseReader] as const;

it(
  '100 healthy readers receive 5,000 insertions of one tick completely and in order (G1, G2)',
  { timeout: 240_000 },
  async () => {
    const server = await startServer();
    const seen = Array.from({ length: 100 }, () => [] as number[]);
    const opening = seen.map((values, n) =>
      // The two transports alternate.
      readers[n % 2]!(server, 'subscription { items { value } }', (json) => {
        const value = /"value":(\d+)/.exec(json)?.[1];
        if (value !== undefined) values.push(Number(value));
      }),
    );
    await Promise.all(opening);
    await vi.waitFor(() => expect(server.map.subscriptions).toBe(100), { timeout: 60_000 });
    const inserted = Array.from({ length: 5000 }, (_, value) => server.map.insert({ key: `k${value % 100}`, value }));
    await Promise.all(inserted);
    await vi.waitFor(() => expect(Math.min(...seen.map((values) => values.length))).toBe(5000), {
      timeout: 200_000,
      interval: 200,
    });
    const all = Array.from({ length: 5000 }, (_, value) => value);
    for (const values of seen) expect(values).toEqual(all);
  },
);

it(
  '100 stalled readers of 60,000 insertions of 1 KB cost little memory and converge when they resume (G5)',
  { timeout: 300_000 },
  async () => {
    const server = await startChild();
    const document = (n: number): string => (n < 4 ? String(ItemsDocument) : String(ItemChangesDocument));
    const mirrors = Array.from({ length: 100 }, () => new Mirror());
    const newest = mirrors.map(() => '');
    const opening = mirrors.map((mirror, n) =>
      readers[n % 2]!(server, document(n), (json) => {
        const cursors = /"items":\{.*"cursor":"([^"]+)"/.exec(json);
        if (cursors?.[1]) newest[n] = cursors[1];
        const at = json.indexOf('{"itemChanges":');
        if (at < 0) return;
        const { itemChanges } = (
          JSON.parse(json.startsWith('{"data"') ? json : payloadOf(json)) as { data: { itemChanges: never } }
        ).data;
        mirror.apply(itemChanges);
        newest[n] = mirror.cursor;
      }),
    );
    const open = await Promise.all(opening);
    await vi.waitFor(async () => expect(await server.metric('seamline_subscriptions')).toBe(100), {
      timeout: 60_000,
      interval: 100,
    });
    for (const reader of open) reader.stall();

    const before = server.residentBytes();
    for (let batch = 0; batch < 120; batch++) await server.insert(500, batch);
    const peak = server.residentBytes() - before;
    // Garbage is collected within a moment.
    const grown = await vi.waitFor(
      () => {
        const bytes = server.residentBytes() - before;
        expect(bytes).toBeLessThan(150e6);
        return bytes;
      },
      { timeout: 30_000, interval: 100 },
    );
    console.info(
      `100 stalled readers, 60,000 insertions of 1 KB: +${peak / 1e6} MB at the end, +${grown / 1e6} MB after`,
    );

    for (const reader of open) reader.readOn();
    const head = await server.insert(1, 0);
    await vi.waitFor(() => expect(newest.filter((cursor) => cursor !== head)).toEqual([]), {
      timeout: 200_000,
      interval: 200,
    });
  },
);

const payloadOf = (json: string): string => JSON.stringify((JSON.parse(json) as { payload: unknown }).payload);

/** A server in a process of its own, so that its memory can be measured. */
async function startChild() {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
  // `npm start` runs the same program as a child process.
  const args = scripts.start.replace('node scripts/run.mjs node ', '').split(' ');
  const child = spawn(process.execPath, [...args, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, MALLOC_ARENA_MAX: '1' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  for await (const chunk of child.stdout) {
    printed += String(chunk);
    if (printed.includes('ws://')) break;
  }
  const url = /http:\/\/\S+/.exec(printed)?.[0] ?? '';
  const padding = 'x'.repeat(1000);
  return {
    url,
    webSocketUrl: url.replace('http', 'ws'),
    residentBytes: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024,
    metric: async (name: string) => {
      const text = await (await fetch(new URL('/metrics', url))).text();
      const values = text.split('\n').filter((line) => line.startsWith(`${name}{`));
      return values.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
    },
    /** Inserts a batch. Resolves with the newest cursor. */
    insert: async (count: number, batch: number): Promise<string> => {
      const inputs = Array.from({ length: count }, (_, n) => ({
        key: `k${n % 50}`,
        value: `${batch}-${n}-${padding}`,
      }));
      const query = 'mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { cursor } }';
      const body = JSON.stringify({ query, variables: { inputs } });
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      const { data } = (await response.json()) as { data: { insertItems: { cursor: string }[] } };
      return data.insertItems.at(-1)?.cursor ?? '';
    },
  };
}
