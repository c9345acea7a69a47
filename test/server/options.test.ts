import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { memoryLog } from '../../src/logs/memory/memory-log.ts';
import type { ServerOptions } from '../../src/server/options.ts';
import { createServer } from '../../src/server/server.ts';
import { request } from '../support/clients/clients.ts';
import { startServer } from '../support/server/server.ts';

const COUNTS = [
  'maxItems',
  'maxBytes',
  'window',
  'ttl',
  'maxValueBytes',
  'maxBatch',
  'maxBatchBytes',
  'maxMessageBytes',
  'maxConnections',
  'maxSubscriptions',
  'keepAliveMs',
  'initTimeoutMs',
] as const satisfies (keyof ServerOptions)[];

/** Rejects as `createServer` does. If it wrongly resolves, the server ends with the test. */
async function refusal(options: ServerOptions): Promise<void> {
  const server = await createServer({ port: 0, ...options });
  onTestFinished(() => server.drain());
}

describe('createServer', () => {
  it.each(COUNTS)('createServer refuses a %s that is no whole number from 1 and names it', async (name) => {
    for (const value of [0, -1, 1.5, NaN, Infinity]) {
      await expect(refusal({ [name]: value })).rejects.toThrow(RangeError);
      await expect(refusal({ [name]: value })).rejects.toThrow(name);
    }
  });

  it.each<[keyof ServerOptions, number]>([
    ['maxBatch', 1001],
    ['drainTimeoutMs', -1],
    ['drainTimeoutMs', NaN],
    ['initTimeoutMs', 300_001],
    ['port', -1],
    ['port', 65_536],
    ['port', 1.5],
  ])('createServer refuses %s: %d', async (name, value) => {
    await expect(refusal({ [name]: value })).rejects.toThrow(RangeError);
  });

  it('createServer uses the default for an option that is undefined', async () => {
    const options = Object.fromEntries([...COUNTS, 'drainTimeoutMs'].map((name) => [name, undefined]));
    const server = await startServer({ ...options, host: undefined, log: undefined, logger: undefined });
    const { data } = await request<{ stream: object }, object>(server, '{ stream { window engine size } }');
    expect(data?.stream).toEqual({ window: 65_536, engine: 'memory', size: 0 });
  });

  it.each(['0.0.0.0', '::', '', '192.0.2.1', 'example.org', '127.0.0.1.example.org', '127.example.org'])(
    'createServer refuses to serve host %j without authentication unless open is true',
    async (host) => {
      await expect(refusal({ host })).rejects.toThrow(RangeError);
      await expect(refusal({ host })).rejects.toThrow('open');
      await expect(refusal({ host, open: false })).rejects.toThrow(RangeError);
    },
  );

  it('createServer serves every host when open is true', async () => {
    const server = await startServer({ host: '0.0.0.0', open: true });
    const { data } = await request(server, '{ __typename }');
    expect(data).toEqual({ __typename: 'Query' });
  });

  it.each(['127.0.0.1', 'localhost', '127.0.0.2'])(
    'createServer serves the loopback host %s without authentication',
    async (host) => {
      const server = await startServer({ host });
      expect(server.url).toMatch(new RegExp(`^http://${host}:\\d+/graphql$`));
      expect(server.webSocketUrl).toBe(server.url.replace('http', 'ws'));
      expect((await request(server, '{ __typename }')).data).toEqual({ __typename: 'Query' });
    },
  );

  it('createServer rejects when the port is in use, and closes its log', async () => {
    const server = await startServer();
    const log = memoryLog();
    const close = vi.spyOn(log, 'close');
    const port = Number(new URL(server.url).port);
    await expect(createServer({ port, log })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(close).toHaveBeenCalledOnce();
  });
});
