import { describe, expect, it } from 'vitest';
import { parseCursor } from '../../../src/core/model/cursor.ts';
import { createServer } from '../../../src/server/server.ts';
import { contentsOf, entries, entry, ndjson } from '../../support/processes/contents.ts';
import { frontOf, refusal, type Treatment } from '../../support/sockets/front.ts';
import { runCli, serveCli, startCli } from '../../support/processes/processes.ts';
import { networkTo } from '../../support/sockets/proxy.ts';
import { startServer } from '../../support/server/server.ts';

const insert = (url: string, input: string, ...flags: string[]) =>
  runCli(['insert', '--url', url, ...flags], {}, input);

const batchOf = (body: string): unknown[] =>
  (JSON.parse(body) as { variables: { inputs: unknown[] } }).variables.inputs;

describe('seamline insert, on a bad network,', () => {
  it('seamline insert loses and repeats no line when the connection is cut', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    const cli = startCli(['insert', '--url', network.url]);
    const items = server.map.items();
    cli.stdin.write(ndjson(entries(2000)));
    await items.next();
    network.cut();
    cli.stdin.write(ndjson(entries(2000, 2000)));
    await network.refusal();
    await cli.said(/cannot reach .*; trying again\n/);
    network.mend();
    cli.stdin.end(ndjson(entries(2000, 4000)));
    const { code, stderr } = await cli.exited;
    expect(stderr).toMatch(/^seamline: cannot reach .*; trying again\n6,000 items inserted .*\n$/);
    expect(code).toBe(0);
    expect(await contentsOf(server)).toEqual({ entries: entries(6000), changes: 6000 });
    await items.return();
  });

  it('seamline insert repeats a batch whose answer is lost, and it is inserted once (G7)', async () => {
    const server = await startServer();
    // An answer may be lost twice in a row.
    const front = await frontOf(server.url, (n) => (n % 4 === 1 || n % 4 === 2 ? 'lose' : 'pass'));
    const { code } = await insert(front.url, ndjson(entries(6000)));
    expect(code).toBe(0);
    expect(front.seen[2]?.body).toBe(front.seen[1]?.body);
    expect(await contentsOf(server)).toEqual({ entries: entries(6000), changes: 6000 });
  });

  it('seamline insert waits for a server that was killed, and inserts each line once', async () => {
    const first = await serveCli(['--port', '0']);
    const cli = startCli(['insert', '--url', first.url]);
    for (const index of [0, 1]) {
      cli.stdin.write(ndjson([entry(index)]));
      await runCli(['tail', '--limit', String(index + 1), '--url', first.url]);
    }
    // The second batch was sent, so the first one is answered.
    first.signal('SIGKILL');
    await first.exited;
    cli.stdin.write(ndjson(entries(3000, 2)));
    await cli.said(/cannot reach/);
    const { url } = await serveCli(['--port', new URL(first.url).port]);
    cli.stdin.end();
    expect((await cli.exited).code).toBe(0);
    const { stdout } = await runCli(['tail', '--limit', '3000', '--url', url]);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { key: string; cursor: string });
    // The answer to the second batch may be lost.
    const from = lines[0]?.key === 'k1' ? 1 : 2;
    expect(lines.map(({ key }) => key)).toEqual(entries(3000, from).map(({ key }) => key));
    expect(parseCursor(lines.at(-1)?.cursor ?? '').place.position).toBe(3000);
  });

  it.each<[string, Treatment]>([
    ['503 of a proxy', { status: 503, body: '<h1>no</h1>' }],
    ['502 of a proxy', { status: 502, body: '' }],
    ['408', { status: 408, body: '' }],
    ['429', { status: 429, body: 'slow down' }],
    ['ENGINE_UNAVAILABLE', refusal('ENGINE_UNAVAILABLE')],
    ['INDETERMINATE', refusal('INDETERMINATE')],
    ['OVERLOADED', refusal('OVERLOADED', { retryAfterMs: 20 })],
    ['RATE_LIMITED', refusal('RATE_LIMITED', { retryAfterMs: 20 })],
    ['RATE_LIMITED without a time', refusal('RATE_LIMITED')],
  ])('seamline insert retries after %s', async (_name, treatment) => {
    const server = await startServer();
    const front = await frontOf(server.url, (n) => (n < 2 ? treatment : 'pass'));
    const { code, stderr } = await insert(front.url, ndjson(entries(20)));
    expect(stderr).toMatch(/20 items inserted/);
    expect(code).toBe(0);
    expect(await contentsOf(server)).toEqual({ entries: entries(20), changes: 20 });
  });

  it('seamline insert sends smaller batches when one exceeds the rate limit', async () => {
    const server = await startServer();
    let bodies = (): readonly { body: string }[] => [];
    const front = await frontOf(server.url, (n) =>
      batchOf(bodies()[n]?.body ?? '').length > 300 ? refusal('RATE_LIMITED', { retryAfterMs: 1 }) : 'pass',
    );
    bodies = () => front.seen;
    expect((await insert(front.url, ndjson(entries(1500)))).code).toBe(0);
    expect(await contentsOf(server)).toEqual({ entries: entries(1500), changes: 1500 });
  });

  it('seamline insert names the server that it cannot reach and exits with 1', async () => {
    const server = await createServer({ port: 0 });
    await server.drain();
    const { code, stderr } = await insert(server.url, ndjson(entries(1)));
    expect(stderr).toMatch(new RegExp(`^seamline: cannot reach ${server.url}: ECONNREFUSED\\n0 items inserted .*\\n$`));
    expect(code).toBe(1);
  });

  it.each<[string, Treatment]>([
    ['UNAUTHENTICATED', refusal('UNAUTHENTICATED')],
    ['FORBIDDEN', refusal('FORBIDDEN')],
    ['INTERNAL_SERVER_ERROR', refusal('INTERNAL_SERVER_ERROR')],
    ['GRAPHQL_VALIDATION_FAILED', refusal('GRAPHQL_VALIDATION_FAILED')],
    ['404', { status: 404, body: 'nothing here' }],
    ['200', { status: 200, body: '<html>' }],
  ])('seamline insert ends at %s, prints how many items were inserted, and exits with 1', async (name, treatment) => {
    const server = await startServer();
    const front = await frontOf(server.url, (n) => (n < 2 ? 'pass' : treatment));
    const { code, stderr } = await insert(front.url, ndjson(entries(6000)), '--token', 'secret');
    expect(stderr).toMatch(new RegExp(`^seamline: http\\S+: .*${name}.*\\n[\\d,]+ items inserted .*\\n$`));
    expect(code).toBe(1);
    expect(front.seen.length).toBe(3);
    expect(front.seen[0]?.headers.authorization).toBe('Bearer secret');
    const { entries: kept } = await contentsOf(server);
    expect(stderr).toContain(`\n${kept.length.toLocaleString('en-US')} items inserted`);
  });

  it.each([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s lets seamline insert finish the batch in flight, print its summary and exit with %d',
    async (name, exitCode) => {
      const server = await startServer();
      const [arrived, interrupted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const front = await frontOf(server.url, async (n) => {
        if (n === 1) {
          arrived.resolve();
          await interrupted.promise;
        }
        return 'pass' as const;
      });
      const cli = startCli(['insert', '--url', front.url]);
      cli.stdin.write(ndjson(entries(6000)));
      await arrived.promise;
      cli.signal(name);
      await cli.said(/^seamline: ending after the batch in flight.*\n/);
      interrupted.resolve();
      const { code, stderr } = await cli.exited;
      const { entries: kept } = await contentsOf(server);
      expect(front.seen.length).toBe(2);
      expect(stderr).toContain(`\n${kept.length.toLocaleString('en-US')} items inserted`);
      expect(code).toBe(exitCode);
    },
  );

  it('SIGINT ends seamline insert while it waits for the server', async () => {
    const server = await startServer();
    const front = await frontOf(server.url, (n) => (n === 0 ? 'pass' : { status: 503, body: '' }));
    const cli = startCli(['insert', '--url', front.url]);
    cli.stdin.write(ndjson(entries(6000)));
    await cli.said(/503.*trying again/);
    cli.signal('SIGINT');
    expect((await cli.exited).code).toBe(130);
  });
});
