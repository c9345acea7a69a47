import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ItemChanges } from '../../src/core/model/change.ts';
import { memoryLog } from '../../src/logs/memory/memory-log.ts';
import type { ServerOptions } from '../../src/server/options.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import type { ServerAddress } from '../../src/http-client/http-client.ts';
import { UnreachableError } from '../../src/verify/client/requests.ts';
import { verify, type VerifyReport } from '../../src/verify/workload/verify.ts';
import { runCli, serveCli } from '../support/processes/processes.ts';
import { changed } from '../support/histories/changed-results.ts';
import { startServer } from '../support/server/server.ts';

const addressOf = ({ url }: SeamlineServer): ServerAddress => ({ url, token: undefined });

const run = (server: SeamlineServer, seconds: number, ...others: readonly SeamlineServer[]): Promise<VerifyReport> =>
  verify({ nodes: [addressOf(server), ...others.map(addressOf)], seconds, seed: 7, timeoutMs: 3000 });

const violated = ({ coverage }: VerifyReport): string[] =>
  Object.entries(coverage)
    .filter(([, { violations }]) => violations > 0)
    .map(([name]) => name);

type Each = <T>() => (value: T) => readonly T[];

const dropSome: Each = () => {
  let count = 0;
  return (value) => (++count % 40 === 0 ? [] : [value]);
};
const repeatSome: Each = () => {
  let count = 0;
  return (value) => (++count % 40 === 0 ? [value, value] : [value]);
};
const swapSome: Each = <T>() => {
  let count = 0;
  let held: T | undefined;
  return (value: T) => {
    const before = held;
    held = ++count % 40 === 0 ? value : undefined;
    if (held !== undefined) return before === undefined ? [] : [before];
    return before === undefined ? [value] : [value, before];
  };
};

/** Breaks the deliveries of `items`. */
const spoilItems =
  (each: Each) =>
  ({ map }: SeamlineServer): void => {
    const items = map.items.bind(map);
    vi.spyOn(map, 'items').mockImplementation((options) => changed(items(options), each()));
  };

/** Breaks the messages of `itemChanges`, of each subscription by a function of its own. */
const spoilChanges =
  (each: () => (message: ItemChanges<unknown>) => readonly ItemChanges<unknown>[]) =>
  ({ map }: SeamlineServer): void => {
    const changes = map.changes.bind(map);
    vi.spyOn(map, 'changes').mockImplementation((options) => changed(changes(options), each()));
  };

describe('seamline verify against a sound server', () => {
  it.each<[string, number, ServerOptions]>([
    ['as it comes', 3, {}],
    ['with a small window and a full map', 5, { window: 300, maxItems: 1300 }],
    ['with items that expire', 2, { ttl: 1 }],
  ])('seamline verify finds no violation of G1 to G8 and G11 on a server %s', async (name, seconds, options) => {
    const server = await startServer(options);
    const report = await run(server, seconds);
    const { histories, deliveries, violations, examples } = report;
    console.info(`histories ${histories}, deliveries ${deliveries}: ${name}`);
    expect(JSON.stringify(examples)).toBe('[]');
    expect(violations).toBe(0);
    const uncovered = Object.entries(report.coverage).filter(([, { histories }]) => histories === 0);
    expect(uncovered).toEqual([]);
    expect(report.hasValueFilters).toBe(true);
    const { 'where: equality': equality, 'where: range': range, 'where: and, or, not': nested } = report.mirrors;
    for (const { histories } of [equality, range, nested]) expect(histories).toBeGreaterThan(0);
    expect(equality.sums + range.sums + nested.sums).toBeGreaterThan(0);
    expect(equality.unmatched + range.unmatched + nested.unmatched).toBeGreaterThan(0);
    expect(server.map.replica.items.size).toBe(0);
  });

  it('seamline verify finds no violation on nodes of one log, even when one is away (G1 to G8, G11)', async () => {
    const log = memoryLog({ shared: true });
    const [one, other, gone] = [await startServer({ log }), await startServer({ log }), await startServer({ log })];
    await gone.drain();
    expect(await run(one, 3, gone, other)).toMatchObject({ violations: 0, examples: [], skipped: 0 });
    for (const { map } of [one, other]) expect(map.replica.head.position).toBeGreaterThan(0);
    expect(other.map.replica.items.checksum).toBe(one.map.replica.items.checksum);
  });

  it('seamline verify finds no violation while other clients write, and keeps their items', async () => {
    const server = await startServer();
    await server.map.insert({ key: 'theirs', value: 0 });
    const writing = setInterval(() => void server.map.insert({ key: 'theirs', value: 1 }), 5);
    onTestFinished(() => clearInterval(writing));
    expect(await run(server, 1)).toMatchObject({ violations: 0, examples: [] });
    expect([...server.map.replica.items.index.from(0 as never)].map(({ key }) => key)).toEqual(['theirs']);
  });
});

describe('seamline verify against a broken server', () => {
  it('seamline verify refuses nodes of two logs', async () => {
    const other = await startServer();
    await expect(run(await startServer(), 1, other)).rejects.toThrow(/has another log than the other nodes/);
  });

  it.each<[string, (server: SeamlineServer) => void, string]>([
    ['loses items', spoilItems(dropSome), 'G1'],
    ['repeats items', spoilItems(repeatSome), 'G2'],
    ['swaps items', spoilItems(swapSome), 'G3'],
    [
      'starts again instead of resuming',
      ({ map }) => {
        const items = map.items.bind(map);
        vi.spyOn(map, 'items').mockImplementation((options) => items({ ...options, after: undefined }));
      },
      'G4',
    ],
    [
      'forgets removals',
      spoilChanges(() => (message) => [
        { ...message, removed: message.removed.filter(({ reason }) => reason === 'UNMATCHED') },
      ]),
      'G6',
    ],
    ['drops messages to mirrors', spoilChanges(dropSome), 'G6'],
    [
      'keeps quiet about items that cease to match',
      spoilChanges(() => (message) => [
        { ...message, removed: message.removed.filter(({ reason }) => reason !== 'UNMATCHED') },
      ]),
      'G6',
    ],
    [
      'tells every mirror the sums of the whole map',
      (server) => {
        const { items } = server.map.replica;
        spoilChanges(() => (message) => [
          message.caughtUp ? { ...message, size: items.size, checksum: items.checksum } : message,
        ])(server);
      },
      'G6',
    ],
    [
      'lets mirrors follow what they do not have yet',
      spoilChanges(() => (message) => [message.reset ? message : { ...message, follows: message.cursor }]),
      'G6',
    ],
    [
      'ignores idempotency keys',
      ({ map }) => {
        // Every way to insert goes through it.
        const preparedInsert = map.preparedInsert.bind(map);
        vi.spyOn(map, 'preparedInsert').mockImplementation((inputs) =>
          preparedInsert(inputs.map((input) => ({ ...input, idempotencyKey: undefined }))),
        );
      },
      'G7',
    ],
    [
      'ignores limits above 100',
      ({ map }) => {
        const items = map.items.bind(map);
        vi.spyOn(map, 'items').mockImplementation((options) =>
          items((options?.limit ?? 0) > 100 ? { ...options, limit: 101 } : options),
        );
      },
      'G8',
    ],
  ])('seamline verify finds that a server %s', { timeout: 120_000 }, async (_, spoil, guarantee) => {
    const server = await startServer({ fanOut: false });
    spoil(server);
    let report = await run(server, 1);
    // A short run may miss the fault by chance; a longer one finds it.
    for (let seconds = 2; seconds <= 16 && !violated(report).includes(guarantee); seconds *= 2)
      report = await run(server, seconds);
    expect(violated(report)).toContain(guarantee);
    expect(report.examples[0]?.what).toMatch(/./);
  });
});

describe('seamline verify on the command line', () => {
  it('seamline verify prints a row for each guarantee and the seed, and exits with 0', async () => {
    const { url } = await serveCli(['--port', '0']);
    const { code, stdout, stderr } = await runCli(['verify', '--url', url, '--seconds', '1', '--seed', '5']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const name of ['G1', 'G2', 'G3', 'G4', 'G5', 'G6', 'G7', 'G8', 'G11'])
      expect(stdout).toMatch(new RegExp(`^${name} .* [\\d,]+ +[\\d,]+ +0$`, 'm'));
    for (const kind of ['no filter', 'keyPrefix', 'keys', 'where: equality', 'where: range', 'where: and, or, not'])
      expect(stdout).toMatch(new RegExp(`^${kind} +[\\d,]+ +[\\d,]+ +0 +[\\d,]+ +[\\d,]+$`, 'm'));
    expect(stdout).not.toContain('not checked');
    expect(stdout).toMatch(/^seed 5$/m);
  });

  it('seamline verify exits with 1 and one line when there is no server', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const url = `http://127.0.0.1:${port}/graphql`;
    const { code, stdout, stderr } = await runCli(['verify', '--url', url]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(`seamline: cannot reach ${url}: ECONNREFUSED\n`);
    await expect(verify({ nodes: [{ url, token: undefined }], seconds: 1, seed: 1 })).rejects.toThrow(UnreachableError);
  });

  it.each([
    ['--seconds 0', ['--seconds', '0']],
    ['--seed x', ['--seed', 'x']],
    ['--url nowhere', ['--url', 'nowhere']],
    ['a valid URL and an invalid one', ['--url', 'http://127.0.0.1:4000/graphql,nowhere']],
    ['--nonsense', ['--nonsense']],
    ['an argument', ['nonsense']],
  ])('seamline verify exits with 2 and one line for %s', async (_, args) => {
    const { code, stdout, stderr } = await runCli(['verify', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^seamline: [^\n]+\n$/);
  });

  it('seamline verify --help lists its flags', async () => {
    const { code, stdout } = await runCli(['verify', '--help']);
    expect(code).toBe(0);
    for (const flag of ['--url', '--token', '--seconds', '--seed']) expect(stdout).toContain(flag);
    expect((await runCli(['--help'])).stdout).toContain('seamline verify');
  });
});
