/** docs/engines.md: each command, program and configuration for Redis, on real redis-servers. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { InsertItemDocument } from '../../schema/documents/graphql.ts';
import { codeOf, commandsOf, put } from '../support/documents/blocks.ts';
import { ask, overWebSocket } from '../support/clients/clients.ts';
import { temporaryDirectory } from '../support/engines/kept.ts';
import { freePort } from '../support/engines/engine-server.ts';
import { isMissing } from '../support/processes/programs.ts';
import { bundle, complaintsOf, linesOf } from '../support/documents/readme.ts';
import { served, start } from '../support/processes/shell.ts';

/** Several processes start, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

const PAGE = 'docs/engines.md';
const DEFAULT = 'redis://127.0.0.1:6379';
const INPUT = { key: 'a', value: 1 };

/** Starts a redis-server with these lines of configuration. */
async function startRedis(configuration = ''): Promise<{ port: string; url: string }> {
  const port = String(await freePort());
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, 'redis.conf'), `bind 127.0.0.1\nport ${port}\n${configuration}`);
  await start('redis-server', ['redis.conf'], { cwd }).said(/Ready to accept connections/);
  return { port, url: `redis://127.0.0.1:${port}` };
}

async function printedBy(code: string, says: string): Promise<unknown> {
  return (await linesOf(await bundle(code + says, 'node')).next()).value;
}

describe.skipIf(isMissing('redis-server'))('Redis', () => {
  it('engines, --redis URL: two nodes share one log (G7)', async () => {
    const [redis = '', ...nodes] = commandsOf(3, PAGE, '`--redis URL`');
    const port = String(await freePort());
    const command = put(redis, { 'redis-server ': `redis-server --bind 127.0.0.1 --port ${port} ` });
    await start('bash', ['-c', command], { cwd: temporaryDirectory() }).said(/Ready to accept connections/);
    const here = nodes.map((node) => put(node, { '6379': port }).replace(/--port \d+/, '--port 0'));
    const [one, other] = await Promise.all(here.map((node) => served(node)));
    const feed = overWebSocket.subscribe(other!, 'subscription { items { key } }');
    await ask(one!, InsertItemDocument, { input: INPUT });
    expect(await feed.next()).toEqual({ data: { items: { key: 'a' } } });
  });

  it('engines, --redis URL: a server and a map have the engine redis', async () => {
    const { url } = await startRedis();
    const code = codeOf(PAGE, '`--redis URL`', 2);
    expect(await complaintsOf({ redis: code }, 'es2024')).toBe('');
    const says = 'console.log(server.map.engine, map.engine); await server.drain(); await map.close();';
    const here = put(code, { [DEFAULT]: url, 'createServer({ ': 'createServer({ port: 0, ' });
    expect(await printedBy(here, says)).toBe('redis redis');
  });

  it('engines, Failover: an insertion is answered when a replica has it as well', async () => {
    const { port, url } = await startRedis(codeOf(PAGE, 'Failover'));
    await startRedis(`replicaof 127.0.0.1 ${port}`);
    const node = await served(`seamline serve --redis ${url} --redis-wait 1`);
    expect(await ask(node, InsertItemDocument, { input: INPUT })).toMatchObject({ insertItem: { key: 'a' } });
  });

  it('engines, Keys in Redis: a user with these rights can run a node', async () => {
    const { url } = await startRedis(`user default off\n${codeOf(PAGE, 'Keys in Redis')}`);
    const node = await served(`seamline serve --redis ${url.replace('//', '//seamline:secret@')}`);
    expect(await ask(node, InsertItemDocument, { input: INPUT })).toMatchObject({ insertItem: { key: 'a' } });
  });
});
