/** docs/engines.md and docs/scaling.md: each command and program, on real directories and nats-servers. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type RetentionPolicy, type DiscardPolicy, StorageType } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { InsertItemDocument, ItemDocument } from '../../schema/documents/graphql.ts';
import { codeOf, commandsOf, put } from '../support/documents/blocks.ts';
import { type Address, ask, overWebSocket } from '../support/clients/clients.ts';
import { temporaryDirectory } from '../support/engines/kept.ts';
import { freePort } from '../support/engines/engine-server.ts';
import { describeWithNats, NatsServer } from '../support/engines/nats.ts';
import { managerOf, startNats } from '../support/engines/nats-logs.ts';
import { bundle, complaintsOf, linesOf } from '../support/documents/readme.ts';
import { printed, served, start } from '../support/processes/shell.ts';

/** Several processes start, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

const ENGINES = 'docs/engines.md';
const SCALING = 'docs/scaling.md';
const input = { key: 'a', value: 1 };

/** The engines of the server and the map that a program opens. */
async function enginesOf(code: string, replacements: Readonly<Record<string, string>>): Promise<unknown> {
  const says = 'console.log(server.map.engine, map.engine); await server.drain(); await map.close();';
  return (await linesOf(await bundle(put(code, replacements) + says, 'node')).next()).value;
}

/** Asserts that an insertion on one node is delivered by the other (G7). */
async function areOne(one: Address, other: Address): Promise<void> {
  const feed = overWebSocket.subscribe(other, 'subscription { items { key } }');
  await ask(one, InsertItemDocument, { input });
  expect(await feed.next()).toEqual({ data: { items: { key: 'a' } } });
}

it('the programs of docs/engines.md pass a strict type check', async () => {
  const codes = ['`--data DIR`', '`--nats URL`'].map((title) => [title, codeOf(ENGINES, title, 2)]);
  expect(await complaintsOf(Object.fromEntries(codes) as Record<string, string>, 'es2024')).toBe('');
});

describe('docs/engines.md, --data DIR', () => {
  it('a killed server serves its items again (G7)', async () => {
    const cwd = temporaryDirectory();
    const [command = ''] = commandsOf(1, ENGINES, '`--data DIR`');
    const first = await served(command, { cwd });
    await ask(first, InsertItemDocument, { input });
    first.signal('SIGKILL');
    await first.exited;
    expect(await ask(await served(command, { cwd }), ItemDocument, { key: 'a' })).toMatchObject({ item: input });
  });

  it('a server and a map have the engine file', async () => {
    const directory = temporaryDirectory();
    const code = codeOf(ENGINES, '`--data DIR`', 2);
    const here = { './': `${directory}/`, '{ data': '{ port: 0, data' };
    expect(await enginesOf(code, here)).toBe('file file');
  });
});

describeWithNats('docs/engines.md and docs/scaling.md, on one nats-server', () => {
  it('engines, --nats URL: two nodes share one log', async () => {
    const [nats = '', ...nodes] = commandsOf(3, ENGINES, '`--nats URL`');
    const port = String(await freePort());
    const cwd = temporaryDirectory();
    const natsServer = put(nats, { 'nats-server ': `nats-server -a 127.0.0.1 -p ${port} ` });
    await start('bash', ['-c', natsServer], { cwd }).said(/Server is ready/);
    const [one, other] = await Promise.all(nodes.map((node) => served(onFreePort(put(node, { '4222': port })))));
    await areOne(one!, other!);
  });

  it('engines, Durability: nats-server accepts the configuration, and stores a stream', async () => {
    const port = await freePort();
    const directory = temporaryDirectory();
    const conf = put(codeOf(ENGINES, 'Durability'), { '/data': `"${directory}"` });
    // The page says that 2.10 is needed for it.
    const isOld = /v2\.[0-9]\./.test(await printed('nats-server --version'));
    const known = isOld ? put(conf, { 'sync_interval: always': '' }) : conf;
    writeFileSync(join(directory, 'nats.conf'), `listen: 127.0.0.1:${port}\n${known}`);
    await start('nats-server', ['-c', join(directory, 'nats.conf')]).said(/Server is ready/);
    const server = await served(`seamline serve --nats nats://127.0.0.1:${port}`);
    expect(await ask(server, InsertItemDocument, { input })).toMatchObject({ insertItem: { key: 'a' } });
  });

  it('scaling, Clustering: verify finds no violation on two nodes', async () => {
    const { port } = await startNats();
    const [first = '', second = '', verify = ''] = commandsOf(3, SCALING, 'Clustering');
    const node = (command: string) => served(onFreePort(put(command, { '4222': String(port) })));
    const [one, other] = await Promise.all([node(first), node(second)]);
    const ports = { '4001': new URL(one.url).port, '4002': new URL(other.url).port };
    expect(await printed(`${put(verify, ports)} --seconds 1`)).toMatch(/^all +\S+ +\S+ +0$/m);
  });
});

describeWithNats('docs/engines.md and docs/scaling.md, on three nats-servers', () => {
  let servers: readonly NatsServer[] = [];
  const urls = (): string[] => servers.map(({ url }) => url);
  beforeAll(async () => {
    servers = await NatsServer.startCluster();
  }, 120_000);
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  it('engines, --nats URL: a server and a map have the engine nats', async () => {
    const [a, b, c] = urls() as [string, string, string];
    const here = { 'nats://a:4222': a, 'nats://b:4222': b, 'nats://c:4222': c };
    const code = codeOf(ENGINES, '`--nats URL`', 2);
    // Otherwise the map would follow the log of the server.
    const apart = { 'nats://127.0.0.1:4222': a, 'createServer({ ': 'createServer({ port: 0, ' };
    expect(await enginesOf(code, { ...here, ...apart })).toBe('nats nats');
  });

  it('engines, Objects in NATS: a node accepts the stream and the object store of these commands', async () => {
    const [stream = '', store = ''] = codeOf(ENGINES, 'Objects in NATS')
      .replaceAll('\\\n', '')
      .split(/^(?=nats object)/m);
    const manager = await managerOf(urls());
    const { values, positionals } = flagsOf(stream);
    await manager.streams.add({
      name: positionals[3] ?? '',
      subjects: [values.subjects ?? ''],
      storage: values.storage as StorageType,
      retention: values.retention as RetentionPolicy,
      discard: values.discard as DiscardPolicy,
      num_replicas: Number(values.replicas),
      deny_delete: values['deny-delete'] ?? false,
    });
    const bucket = flagsOf(store);
    await new Objm(manager.jetstream()).create(bucket.positionals[3] ?? '', {
      storage: bucket.values.storage as StorageType,
      replicas: Number(bucket.values.replicas),
    });
    const server = await served(`seamline serve --nats ${urls().join()} --nats-replicas 3`);
    expect(await ask(server, InsertItemDocument, { input })).toMatchObject({ insertItem: { key: 'a' } });
    const { config, state } = await manager.streams.info('seamline');
    expect(config.deny_delete).toBe(true);
    expect(state.messages).toBeGreaterThan(0);
    expect((await manager.streams.info('OBJ_seamline-snapshots')).config.storage).toBe(StorageType.File);
  });

  it('scaling, Sharding by stream: an item of one stream is not in the other', async () => {
    const env = { NATS: urls().join() };
    const commands = commandsOf(2, SCALING, 'Sharding by stream');
    const [orders, prices] = await Promise.all(commands.map((command) => served(command, { env })));
    await ask(orders!, InsertItemDocument, { input });
    expect(await ask(orders!, ItemDocument, { key: 'a' })).toMatchObject({ item: input });
    expect(await ask(prices!, ItemDocument, { key: 'a' })).toEqual({ item: null });
  });
});

/** As natscli reads them. */
function flagsOf(command: string) {
  const text = { type: 'string' } as const;
  const options = { subjects: text, storage: text, retention: text, discard: text, replicas: text };
  const switches = { 'deny-delete': { type: 'boolean' }, defaults: { type: 'boolean' } } as const;
  return parseArgs({ args: command.trim().split(/\s+/), options: { ...options, ...switches }, allowPositionals: true });
}

const onFreePort = (command: string): string => command.replace(/--port \d+/, '--port 0');
