/** The commands with `--collection` against `seamline serve --schema` in a process of its own. */
import { describe, expect, it } from 'vitest';
import { runCli, serveCli, startCli } from '../../support/processes/processes.ts';
import { schemaFile } from '../../support/server/collections.ts';
import { EVERY_KIND } from '../../support/server/every-kind-sdl.ts';

const linesOf = (...lines: readonly object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

const objectsIn = (stdout: string): unknown[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

/** Runs commands against a server with the file. */
async function start(...flags: readonly string[]) {
  const server = await serveCli(['--port', '0', '--schema', schemaFile(EVERY_KIND), ...flags]);
  return (command: string, args: readonly string[], input = '') =>
    runCli([command, '--url', server.url, ...args], {}, input);
}

const QUOTES = ['--collection', 'quotes'];
const PEOPLE = ['--collection', 'people'];

it.each([
  { symbol: 'A', price: 1 },
  { key: 'a', value: 1 },
])('seamline insert says that it cannot reach the server, whatever collection the line %j is for', async (line) => {
  const server = await serveCli(['--port', '0', '--schema', schemaFile(EVERY_KIND)]);
  server.signal('SIGTERM');
  await server.exited;
  const { code, stderr } = await runCli(['insert', '--url', server.url], {}, linesOf(line));
  expect(stderr).toMatch(new RegExp(`^seamline: cannot reach ${server.url}: ECONNREFUSED\\n0 items inserted .*\\n$`));
  expect(code).toBe(1);
});

it('seamline insert asks for the collection when it has a line, so that the server may start after it', async () => {
  const first = await serveCli(['--port', '0']);
  first.signal('SIGTERM');
  await first.exited;
  const cli = startCli(['insert', '--url', first.url]);
  cli.stdin.write('\n');
  const server = await serveCli(['--port', new URL(first.url).port, '--schema', schemaFile(EVERY_KIND)]);
  cli.stdin.end(linesOf({ symbol: 'A', price: 1 }));
  const { code, stderr } = await cli.exited;
  expect(stderr).toMatch(/^1 item inserted .*\n$/);
  expect(code).toBe(0);
  expect((await runCli(['tail', '--url', server.url, '--limit', '1'])).stdout).toContain('"symbol":"A"');
});

describe('seamline insert --collection', () => {
  it('a wrong line is reported with its number and field, and the other lines are inserted', async () => {
    const run = await start();
    const input = linesOf(
      { symbol: 'A', price: 1 },
      { symbol: 'B', price: 2, wrong: 5 },
      { symbol: 'C', price: 'x' },
      { symbol: 'D', price: 4, lines: [{ count: 1 }, { note: 'x' }] },
      { symbol: 'E' },
      { symbol: 'F', price: 6, venue: 'XX' },
      { price: 7 },
      { symbol: 'H', price: 8 },
    );
    const { code, stderr } = await run('insert', QUOTES, input);
    expect(code).toBe(1);
    const reports = stderr.split('\n').filter((line) => line.startsWith('line '));
    expect(reports.toSorted()).toEqual([
      expect.stringMatching(/^line 2: Expected value of type "QuoteInput" not to include unknown field "wrong"/),
      'line 3: price: Float cannot represent non numeric value: "x"',
      expect.stringMatching(
        /^line 4: lines\[1\]: Expected value of type "LineInput" to include required field "count"/,
      ),
      expect.stringMatching(/^line 5: Expected value of type "QuoteInput" to include required field "price"/),
      'line 6: venue: Value "XX" does not exist in "Venue" enum.',
      expect.stringMatching(/^line 7: no symbol: a line is an object with the fields symbol, price, /),
    ]);
    const { stdout } = await run('tail', [...QUOTES, '--limit', '2']);
    expect(objectsIn(stdout)).toMatchObject([{ symbol: 'A' }, { symbol: 'H' }]);
  });

  it('more wrong lines than a server reports at once are all reported', async () => {
    const run = await start();
    const lines = Array.from({ length: 150 }, (_, n) => ({ symbol: `s${n}`, price: n === 120 ? 1 : 'x' }));
    const { code, stderr } = await run('insert', QUOTES, linesOf(...lines));
    expect(code).toBe(1);
    expect(stderr.match(/^line \d+: price: Float cannot represent /gm)).toHaveLength(149);
    expect(stderr).toContain('1 item inserted');
  });

  it('each line has its own ttl, and otherwise the ttl of the collection', async () => {
    const run = await start();
    const before = Date.now();
    const people = [
      { number: 1, name: 'a', ttl: 60 },
      { number: 2, name: 'b' },
      { number: 3, name: 'c', ttl: 7200 },
    ];
    expect((await run('insert', PEOPLE, linesOf(...people))).code).toBe(0);
    const { stdout } = await run('get', [...PEOPLE, '1', '2', '3']);
    const ttls = objectsIn(stdout).map((item) => {
      const { timestamp, expiresAt } = item as { timestamp: string; expiresAt: string };
      expect(Date.parse(timestamp)).toBeGreaterThanOrEqual(before);
      return (Date.parse(expiresAt) - Date.parse(timestamp)) / 1000;
    });
    expect(ttls).toEqual([60, 3600, 7200]);
  });
});

describe('seamline tail --collection', () => {
  it('--where, --prefix, --limit, --after and --changes select items of a typed collection', async () => {
    const run = await start();
    const quotes = ['a/1', 'a/2', 'b/1'].map((symbol, n) => ({ symbol, price: n, venue: n === 1 ? 'LSE' : null }));
    expect((await run('insert', QUOTES, linesOf(...quotes))).code).toBe(0);
    const symbols = async (...flags: readonly string[]): Promise<unknown[]> => {
      const { stdout } = await run('tail', [...QUOTES, ...flags]);
      return objectsIn(stdout).map((item) => (item as { symbol: unknown }).symbol);
    };
    expect(await symbols('--prefix', 'a/', '--limit', '2')).toEqual(['a/1', 'a/2']);
    expect(await symbols('--where', '{"price":{"gte":1}}', '--limit', '2')).toEqual(['a/2', 'b/1']);
    expect(await symbols('--where', '{"venue":{"eq":"LSE"}}', '--limit', '1')).toEqual(['a/2']);
    const { cursor } = JSON.parse((await run('get', [...QUOTES, 'a/2'])).stdout) as { cursor: string };
    expect(await symbols('--after', cursor, '--limit', '1')).toEqual(['b/1']);
    const wrong = await run('tail', [...QUOTES, '--where', '{"price":{"gte":"a"}}']);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('"filter.where.price.gte"; Float cannot represent non numeric value: "a"');
  });

  it('a type that contains itself is named on stderr, because its deeper values are not printed', async () => {
    const schema = schemaFile('type Page @collection(key: "id") { id: ID! top: Node } type Node { next: Node n: Int }');
    const { url } = await serveCli(['--port', '0', '--schema', schema]);
    await runCli(['insert', '--url', url], {}, linesOf({ id: 'a' }));
    expect((await runCli(['tail', '--url', url, '--limit', '1'])).stderr).toBe(
      'seamline: Node contains itself: its values below level 5 are not printed, so a copy lacks them\n',
    );
  });
});

describe('seamline get and remove --collection', () => {
  it('keys that are numbers are read and removed', async () => {
    const run = await start();
    await run('insert', PEOPLE, linesOf({ number: -3, name: 'a' }, { number: 0, name: 'b', id: 'own' }));
    const { code, stdout, stderr } = await run('get', [...PEOPLE, '0', '7', '--', '-3']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'seamline: no item has the key "7"\n' });
    expect(objectsIn(stdout)).toMatchObject([
      { number: 0, name: 'b', id: 'own' },
      { number: -3, name: 'a', id: null },
    ]);
    const removed = await run('remove', [...PEOPLE, '--', '-3']);
    expect([removed.code, JSON.parse(removed.stdout)]).toMatchObject([0, { key: '-3', reason: 'REMOVED' }]);
    expect((await run('get', [...PEOPLE, '--', '-3'])).code).toBe(1);
  });
});

describe('a server with typed collections', () => {
  it('an unknown collection ends a command with exit code 2 and the names of those that there are', async () => {
    const run = await start();
    expect(await run('get', ['--collection', 'nope', 'x'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'seamline: --collection: the server has no collection "nope": must be one of quotes, people\n',
    });
  });

  it('seamline bench refuses it with exit code 2', async () => {
    const run = await start();
    expect(await run('bench', ['--seconds', '1'])).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'seamline: bench measures the collection items, but the server has typed collections, such as quotes: start it without --schema\n',
    });
  });

  it.each(['quotes', 'people'])('seamline verify --collection %s finds no violation', async (collection) => {
    const run = await start();
    const { code, stdout } = await run('verify', ['--collection', collection, '--seconds', '2', '--seed', '7']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^all +\d+ +[\d,]+ +0$/m) as string });
  });
});
