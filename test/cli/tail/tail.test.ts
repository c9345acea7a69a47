import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { InsertItemsDocument, ItemPageDocument } from '../../../schema/documents/graphql.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { ask } from '../../support/clients/clients.ts';
import { contentsOf, entries, entry, type Entry } from '../../support/processes/contents.ts';
import { runCli, startCli } from '../../support/processes/processes.ts';
import { startServer } from '../../support/server/server.ts';

const tail = (server: SeamlineServer, ...flags: string[]) => runCli(['tail', '--url', server.url, ...flags]);

const insert = (server: SeamlineServer, inputs: readonly (Entry & { ttl?: number })[]) =>
  ask(server, InsertItemsDocument, { inputs: [...inputs] });

const linesOf = (stream: Readable): AsyncIterator<string> => createInterface({ input: stream })[Symbol.asyncIterator]();

const parsed = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const entryOf = (line: unknown): Entry => {
  const { key, value } = JSON.parse(String(line)) as Entry;
  return { key, value };
};

describe('seamline tail', () => {
  it('seamline tail prints current and new items, one per line, as the server sends them', async () => {
    const server = await startServer();
    await insert(server, [...entries(2), { key: 'ttl', value: ['é', null], ttl: 3600 }]);
    const cli = startCli(['tail', '--url', server.url, '--limit', '5']);
    const lines = linesOf(cli.stdout);
    const printed: unknown[] = [];
    for (let n = 0; n < 3; n++) printed.push(JSON.parse(String((await lines.next()).value)));
    await insert(server, entries(2, 2));
    for (let n = 0; n < 2; n++) printed.push(JSON.parse(String((await lines.next()).value)));
    expect(await cli.exited).toEqual({ code: 0, stderr: '' });
    const { items } = await ask(server, ItemPageDocument, {});
    expect(printed).toEqual(items.edges.map(({ node }) => node));
  });

  it('--limit ends seamline tail, possibly at once, after everything is printed (G8)', async () => {
    const server = await startServer();
    await insert(
      server,
      entries(1000).map(({ key }) => ({ key, value: 'x'.repeat(400) })),
    );
    for (const limit of [0, 1, 1000]) {
      const { code, stdout, stderr } = await tail(server, '--limit', String(limit));
      expect(parsed(stdout).map(({ key }) => key)).toEqual(entries(limit).map(({ key }) => key));
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    }
  });

  it('--after resumes seamline tail after an item that was printed (G4)', async () => {
    const server = await startServer();
    await insert(server, entries(5));
    const [, second] = parsed((await tail(server, '--limit', '2')).stdout);
    const { stdout } = await tail(server, '--limit', '3', '--after', String(second?.['cursor']));
    expect(parsed(stdout).map(({ key }) => key)).toEqual(['k2', 'k3', 'k4']);
  });

  it('--prefix limits seamline tail to keys that start with it', async () => {
    const server = await startServer();
    await insert(server, [
      { key: 'a/1', value: 1 },
      { key: 'b/1', value: 1 },
      { key: 'a/2', value: 1 },
    ]);
    const { stdout } = await tail(server, '--limit', '2', '--prefix', 'a/');
    expect(parsed(stdout).map(({ key }) => key)).toEqual(['a/1', 'a/2']);
  });

  it('seamline tail --changes prints messages of itemChanges (G6)', async () => {
    const server = await startServer();
    await insert(server, entries(2));
    const cli = startCli(['tail', '--url', server.url, '--changes']);
    const lines = linesOf(cli.stdout);
    const next = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
    expect(await next()).toMatchObject({
      reset: true,
      upserted: [entry(0), entry(1)],
      removed: [],
      caughtUp: true,
      size: 2,
    });
    await server.map.remove('k0');
    expect(await next()).toMatchObject({
      reset: false,
      upserted: [],
      removed: [{ key: 'k0', reason: 'REMOVED' }],
      size: 1,
    });
    cli.signal('SIGTERM');
    await cli.exited;
  });

  it('seamline tail exits silently with 0 when its reader closes the pipe', async () => {
    const server = await startServer();
    await insert(server, entries(3));
    const cli = startCli(['tail', '--url', server.url]);
    const lines = linesOf(cli.stdout);
    for (let n = 0; n < 3; n++) await lines.next();
    cli.stdout.destroy();
    let hasEnded = false;
    void cli.exited.then(() => (hasEnded = true));
    for (let n = 3; !hasEnded; n++) await insert(server, entries(1, n));
    expect(await cli.exited).toEqual({ code: 0, stderr: '' });
  });

  it('seamline tail stops reading while its reader does, and lags instead of buffering (G5)', async () => {
    const server = await startServer({ window: 20 });
    const cli = startCli(['tail', '--url', server.url]);
    const versions = 1500;
    const value = 'x'.repeat(60_000);
    await server.map.insert({ key: 'first', value: 0 });
    await new Promise((resolve) => cli.stdout.once('readable', resolve));
    for (let n = 1; n <= versions; n++) await insert(server, [{ key: 'k', value: { n, value } }]);
    let printed = 0;
    for await (const line of createInterface({ input: cli.stdout })) {
      printed++;
      if ((entryOf(line).value as { n?: number }).n === versions) break;
    }
    expect(printed).toBeLessThan(versions);
  });

  it.each([
    [['--after', 'nonsense'], /^seamline: after: not a cursor .*BAD_USER_INPUT.*\n$/],
    [['--after', ''], /^seamline: after: .*BAD_USER_INPUT.*\n$/],
    [['--prefix', 'x'.repeat(600)], /^seamline: .*BAD_USER_INPUT.*\n$/],
  ])('seamline tail %j prints the error of the server and exits with 1', async (flags, words) => {
    const { code, stdout, stderr } = await tail(await startServer(), ...flags);
    expect(stderr).toMatch(words);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  it('seamline tail refuses an --after of another log and exits with 1 (G4)', async () => {
    const [server, other] = [await startServer(), await startServer()];
    await insert(other, entries(1));
    const [item] = parsed((await tail(other, '--limit', '1')).stdout);
    await insert(server, entries(1));
    const { code, stdout, stderr } = await tail(server, '--after', String(item?.['cursor']));
    expect(stderr).toMatch(/^seamline: --after: .*CURSOR_EXPIRED.*\n$/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  it.each([
    [['--nope']],
    [['nope']],
    [['--limit', '-1']],
    [['--limit', 'x']],
    [['--limit', '2147483648']],
    [['--limit', '1', '--changes']],
    [['--url', 'ftp://127.0.0.1/graphql']],
    [['--token', '']],
    [['--where', '{path:/status,eq:open}']],
    [['--where', '']],
    [['--where', '[{}]']],
    [['--where', 'null']],
    [['--where', '{"eq":1e400}']],
    [['--where']],
  ])('seamline tail %j prints one line and exits with 2', async (flags) => {
    const { code, stdout, stderr } = await runCli(['tail', ...flags]);
    expect(stderr).toMatch(/^seamline: \S.*\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe('seamline tail --where', () => {
  it.each([
    [
      '{path:/status,eq:open}',
      String.raw`must be a JSON object such as '{"path":"/status","eq":"open"}', in single quotes, not "{path:/status,eq:open}"`,
    ],
    [
      `{"eq":"${'x'.repeat(100)}`,
      String.raw`must be a JSON object such as '{"path":"/status","eq":"open"}', in single quotes, not "{\"eq\":\"${'x'.repeat(53)}" …`,
    ],
    [
      '{"and":[{"eq":12345678901234567891}]}',
      "must not have the number 12345678901234567891: it can't be kept exactly, so no item has it",
    ],
  ])('--where %s is refused with what it must be', async (where, message) => {
    const { code, stderr } = await runCli(['tail', '--where', where]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: `seamline: --where: ${message}\n` });
  });

  it('--where limits seamline tail to items whose value matches, also with --prefix, --after and --limit', async () => {
    const server = await startServer();
    await insert(server, [
      { key: 'a/1', value: { status: 'open' } },
      { key: 'a/2', value: { status: 'closed' } },
      { key: 'b/1', value: { status: 'open' } },
      { key: 'a/3', value: { status: 'open' } },
    ]);
    const flags = ['--where', '{"path":"/status","eq":"open"}', '--prefix', 'a/'];
    const items = parsed((await tail(server, ...flags, '--limit', '2')).stdout);
    expect(items.map(({ key }) => key)).toEqual(['a/1', 'a/3']);
    const after = await tail(server, ...flags, '--limit', '1', '--after', String(items[0]?.['cursor']));
    expect(parsed(after.stdout).map(({ key }) => key)).toEqual(['a/3']);
  });

  it('--where finds a number that JavaScript prints rounded', async () => {
    const server = await startServer();
    await server.map.insert({ key: 'a', value: { id: 2 ** 60 } });
    const { stdout } = await tail(server, '--where', '{"path":"/id","eq":1152921504606846976}', '--limit', '1');
    expect(parsed(stdout).map(({ key }) => key)).toEqual(['a']);
  });

  it('--where with --changes prints an item that matches no longer as removed with UNMATCHED', async () => {
    const server = await startServer();
    await insert(server, [{ key: 'a', value: { status: 'open' } }]);
    const cli = startCli(['tail', '--url', server.url, '--changes', '--where', '{"path":"/status","eq":"open"}']);
    const lines = linesOf(cli.stdout);
    const next = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
    expect(await next()).toMatchObject({ reset: true, upserted: [{ key: 'a' }], size: 1, follows: null });
    await insert(server, [{ key: 'a', value: { status: 'closed' } }]);
    expect(await next()).toMatchObject({ upserted: [], removed: [{ key: 'a', reason: 'UNMATCHED' }], size: 0 });
    cli.signal('SIGTERM');
    await cli.exited;
  });

  it('--where with a filter that the server refuses prints its reason in one line and exits with 1', async () => {
    const { code, stdout, stderr } = await tail(await startServer(), '--where', '{"path":"/price","lt":true}');
    expect(stderr).toMatch(/^seamline: .*where\.lt: must be a number or a string.*BAD_USER_INPUT.*\n$/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });
});

describe('seamline tail | seamline insert', () => {
  it('seamline tail | seamline insert copies a map with its order, values, ttl and new items', async () => {
    const [from, to] = [await startServer(), await startServer()];
    await insert(from, [...entries(900), { key: 'ttl', value: 1, ttl: 3600 }, { key: 'k0', value: 'again' }]);
    const [reader, writer] = [startCli(['tail', '--url', from.url]), startCli(['insert', '--url', to.url])];
    reader.stdout.pipe(writer.stdin);
    const copied = to.map.items();
    for (let n = 0; n < 901; n++) await copied.next();
    await insert(from, [{ key: 'k1', value: 'live' }]);
    expect((await copied.next()).value).toMatchObject({ key: 'k1', value: 'live' });
    reader.signal('SIGTERM');
    expect((await writer.exited).code).toBe(0);
    expect((await contentsOf(to)).entries).toEqual((await contentsOf(from)).entries);
    const expiryIn = ({ map }: SeamlineServer): number => map.get('ttl')?.expiresAt ?? Number.NaN;
    expect(expiryIn(to)).toBeGreaterThanOrEqual(expiryIn(from));
    expect(expiryIn(to) - expiryIn(from)).toBeLessThan(60_000);
    await copied.return();
  });
});
