import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { InsertItemDocument } from '../../../schema/documents/graphql.ts';
import { EngineUnavailableError } from '../../../src/core/model/errors.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { ask } from '../../support/clients/clients.ts';
import { urlOf } from '../../support/clients/requests.ts';
import { HeldLog } from '../../support/model/held-log.ts';
import { logLines } from '../../support/server/log-lines.ts';
import { startServer } from '../../support/server/server.ts';

const input = { key: 'a', value: 1 };
const scrape = (server: SeamlineServer): Promise<Response> => fetch(urlOf(server, '/metrics'));

/** The value of a sample, given as Prometheus writes it: `name{label="value"}`. */
async function valueOf(server: SeamlineServer, sample: string): Promise<number | undefined> {
  const lines = (await (await scrape(server)).text()).split('\n');
  const line = lines.find((one) => one.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length));
}

const appends = (engine: string, outcome: string): string =>
  `seamline_append_duration_seconds_count{engine="${engine}",outcome="${outcome}"}`;

describe('the metrics', () => {
  it('seamline_append_duration_seconds counts a batch once, by the engine of the log', async () => {
    const server = await startServer();
    const before = await valueOf(server, appends('memory', 'ok'));
    await server.map.insertMany(['a', 'b', 'c'].map((key) => ({ key, value: key })));
    await server.map.remove('a');
    expect(await valueOf(server, appends('memory', 'ok'))).toBe((before ?? NaN) + 2);
    expect(await valueOf(server, appends('memory', 'failed'))).toBe(0);
    const sum = await valueOf(server, appends('memory', 'ok').replace('_count', '_sum'));
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThan(10);
  });

  it('seamline_append_duration_seconds counts failed appends apart', async () => {
    const engine = new HeldLog(memoryLog());
    const server = await startServer({ log: engine });
    const before = await valueOf(server, appends('held', 'ok'));
    engine.failure = new EngineUnavailableError('away');
    await expect(server.map.insert(input)).rejects.toThrow('away');
    expect(await valueOf(server, appends('held', 'failed'))).toBe(1);
    expect(await valueOf(server, appends('held', 'ok'))).toBe(before);
  });

  it('two servers in one process have histograms of their own', async () => {
    const [first, second] = [await startServer(), await startServer()];
    const before = await valueOf(second, appends('memory', 'ok'));
    await first.map.insert(input);
    expect(await valueOf(second, appends('memory', 'ok'))).toBe(before);
  });

  it('seamline_ready is 1 while /ready is 200, and 0 while it is 503', async () => {
    const engine = new HeldLog(memoryLog());
    const server = await startServer({ log: engine });
    expect(await valueOf(server, 'seamline_ready')).toBe(1);
    engine.health = () => ({ ok: false, reason: 'away' });
    expect((await fetch(urlOf(server, '/ready'))).status).toBe(503);
    expect(await valueOf(server, 'seamline_ready')).toBe(0);
  });

  it('seamline_items_bytes and seamline_window_bytes count keys and values', async () => {
    const server = await startServer();
    // 1 byte of key and 3 of JSON, twice.
    await server.map.insert({ key: 'a', value: 'x' });
    await server.map.insert({ key: 'a', value: 'y' });
    expect(await valueOf(server, 'seamline_items_bytes')).toBe(4);
    expect(await valueOf(server, 'seamline_window_bytes')).toBe(8);
    await server.map.remove('a');
    expect(await valueOf(server, 'seamline_items_bytes')).toBe(0);
  });

  it('seamline_build_info has the version of the package and of Node.js', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const labels = `version="${version}",node="${process.version}"`;
    expect(await valueOf(await startServer(), `seamline_build_info{${labels}}`)).toBe(1);
  });
});

describe('a metric that cannot be read', () => {
  it('a metric that throws makes /metrics answer 500 with a line in the log, and the server goes on', async () => {
    const log = logLines();
    const server = await startServer({ logger: log.logger });
    const health = vi.spyOn(server.map, 'health').mockImplementation(() => {
      throw new Error('broken');
    });
    const response = await scrape(server);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('the metrics cannot be read: the log of the server says why\n');
    expect(log.saying('internal error: broken')).toMatchObject([
      { level: 'error', request: response.headers.get('x-request-id'), err: { type: 'Error' } },
    ]);
    health.mockRestore();
    expect((await scrape(server)).status).toBe(200);
    expect(await ask(server, InsertItemDocument, { input })).toMatchObject({ insertItem: { key: 'a' } });
  });
});
