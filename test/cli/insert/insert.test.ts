import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { contentsOf, entries, entry, ndjson } from '../../support/processes/contents.ts';
import { frontOf, refusal } from '../../support/sockets/front.ts';
import { runCli, startCli } from '../../support/processes/processes.ts';
import { startServer } from '../../support/server/server.ts';

const insert = (url: string, input: string | Buffer, ...flags: string[]) =>
  runCli(['insert', '--url', url, ...flags], {}, input);

async function fileOf(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'seamline-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, 'items.ndjson');
  await writeFile(path, text);
  return path;
}

describe('seamline insert', () => {
  it('seamline insert inserts the lines of a file once, in their order, and prints how many', async () => {
    const server = await startServer();
    const path = await fileOf(ndjson(entries(3500)));
    const { code, stdout, stderr } = await runCli(['insert', path, '--url', server.url]);
    expect(stderr).toMatch(/^3,500 items inserted in [\d.]+ s \([\d,]+\/s\)\n$/);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(await contentsOf(server)).toEqual({ entries: entries(3500), changes: 3500 });
  });

  it('seamline insert inserts lines from a pipe, including a last line without a line feed', async () => {
    const server = await startServer();
    const { code } = await insert(server.url, `\uFEFF${ndjson([entry(0)])}\r\n\n  {"key":"é€😀","value":"é€😀","x":1}`);
    expect(code).toBe(0);
    expect((await contentsOf(server)).entries).toEqual([entry(0), { key: 'é€😀', value: 'é€😀' }]);
  });

  it('seamline insert does not hold a line back until the next one comes', async () => {
    const server = await startServer();
    const cli = startCli(['insert', '--url', server.url]);
    const items = server.map.items();
    for (const index of [0, 1, 2]) {
      cli.stdin.write(ndjson([entry(index)]));
      expect((await items.next()).value).toMatchObject(entry(index));
    }
    cli.stdin.end();
    expect((await cli.exited).code).toBe(0);
    await items.return();
  });

  it('seamline insert gives an item the ttl of its line, or the time until its expiresAt', async () => {
    const server = await startServer();
    const at = new Date(Date.now() + 3_600_000).toISOString();
    const lines = [
      { key: 'ttl', value: 1, ttl: 3600 },
      { key: 'at', value: 1, expiresAt: at },
      { key: 'ttl first', value: 1, ttl: 3600, expiresAt: '2020-01-01T00:00:00Z' },
      { key: 'none', value: 1, ttl: null, expiresAt: null },
      { key: 'gone', value: 1, expiresAt: '2020-01-01T00:00:00.000Z' },
    ];
    const { code, stderr } = await insert(server.url, ndjson(lines));
    expect(stderr).toMatch(/^4 items inserted .*, 1 line already expired\n$/);
    expect(code).toBe(0);
    const left = (key: string): number => (server.map.get(key)?.expiresAt ?? Number.NaN) - Date.parse(at);
    for (const key of ['ttl', 'at', 'ttl first']) expect(Math.abs(left(key))).toBeLessThan(60_000);
    // The ttl is rounded up, so that the item never expires early.
    expect(left('at')).toBeGreaterThanOrEqual(0);
    expect(server.map.get('none')?.expiresAt).toBeNull();
  });

  it('seamline insert reports bad lines with their number, inserts the others, and exits with 1', async () => {
    const server = await startServer();
    const bad: readonly (readonly [string | Buffer, RegExp])[] = [
      ['nope', /^not JSON$/],
      ['[1]', /^not an object$/],
      ['null', /^not an object$/],
      ['{"value":1}', /^no key: a line has a key and a value, such as {.*}$/],
      ['{"key":"","value":1}', /^key must not be empty$/],
      ['{"key":7,"value":1}', /^key must be a string$/],
      [`{"key":"${'k'.repeat(513)}","value":1}`, /^key must not exceed 512 bytes/],
      ['{"key":"x"}', /^no value$/],
      ['{"key":"x","value":null}', /^value must not be null$/],
      [
        '{"key":"x","value":{"a":[1,750727362669608961]}}',
        /^value\.a\.1 must not be 750727362669608961: no double holds it exactly/,
      ],
      ['{"key":"x","value":1e400}', /^value must not be 1e400/],
      ['{"key":"x","value":{"a":1e-400}}', /^value\.a must not be 1e-400/],
      ['{"key":"x","value":["\\ud800"]}', /^value\.0 must be well-formed Unicode/],
      ['{"key":"x","value":{"\\udc00":1}}', /^value must have names of well-formed Unicode/],
      ['{"key":"x","value":1,"ttl":1e400}', /^ttl must be/],
      ['{"key":"x","value":1,"ttl":0}', /^ttl must be/],
      ['{"key":"x","value":1,"ttl":"1"}', /^ttl must be/],
      ['{"key":"x","value":1,"ttl":1.5}', /^ttl must be/],
      ['{"key":"x","value":1,"expiresAt":"soon"}', /^expiresAt must be/],
      [Buffer.from('{"key":"x\xFF","value":1}', 'latin1'), /^not UTF-8$/],
      [`{"key":"x","value":"${'x'.repeat(1024 * 1024)}"}`, /^longer than 1 MiB$/],
      [`{"key":"x","value":${'['.repeat(70)}${']'.repeat(70)}}`, /^value must not nest deeper/],
      [`{"key":"x","value":"${'x'.repeat(65_536)}"}`, /65538 bytes, more than 65536$/],
    ];
    const parts = bad.flatMap(([line], index) => [ndjson([entry(index)]), line, '\n']);
    const { code, stderr } = await insert(server.url, Buffer.concat(parts.map((part) => Buffer.from(part))));
    const reports = stderr.trimEnd().split('\n');
    expect(reports.pop()).toMatch(/^23 items inserted .*, 23 lines refused$/);
    // Lines that only the server can refuse are reported later.
    const byLine = reports.toSorted((a, b) => Number.parseInt(a.slice(5), 10) - Number.parseInt(b.slice(5), 10));
    expect(byLine.map((report) => /^line (\d+): /.exec(report)?.[1])).toEqual(bad.map((_, n) => String(2 * n + 2)));
    for (const [n, [, problem]] of bad.entries()) expect(byLine[n]?.replace(/^line \d+: /, '')).toMatch(problem);
    expect(code).toBe(1);
    expect(await contentsOf(server)).toEqual({ entries: entries(bad.length), changes: bad.length });
  });

  it('seamline insert continues after an endlessly long line', async () => {
    const server = await startServer();
    const cli = startCli(['insert', '--url', server.url]);
    const part = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 20; n++) await new Promise((resolve) => cli.stdin.write(part, resolve));
    cli.stdin.end(`\n${ndjson(entries(1))}`);
    const { code, stderr } = await cli.exited;
    expect(stderr).toMatch(/^line 1: longer than 1 MiB\n1 item inserted .*, 1 line refused\n$/);
    expect(code).toBe(1);
    expect((await contentsOf(server)).entries).toEqual(entries(1));
  });
});

describe('seamline insert, with a server that takes less at once', () => {
  it.each([
    ['items', { maxBatch: 10 }],
    ['bytes of a batch', { maxBatchBytes: 300 }],
    ['bytes of a body', { maxMessageBytes: 2000 }],
  ])('seamline insert sends smaller batches, in order, when %s', async (_name, options) => {
    const server = await startServer(options);
    const { code, stderr } = await insert(server.url, ndjson(entries(2500)));
    expect(stderr).toMatch(/^2,500 items inserted in [\d.]+ s \([\d,]+\/s\)\n$/);
    expect(code).toBe(0);
    expect(await contentsOf(server)).toEqual({ entries: entries(2500), changes: 2500 });
  });

  it('seamline insert remembers the limit and does not try every batch whole', async () => {
    const server = await startServer({ maxBatch: 125 });
    const front = await frontOf(server.url, () => 'pass');
    expect((await insert(front.url, ndjson(entries(3000)))).code).toBe(0);
    expect(front.seen.length).toBe(3000 / 125 + 3);
  });

  it('seamline insert reports the one value that is too large and inserts the others in order', async () => {
    const server = await startServer({ maxValueBytes: 1000 });
    const lines = entries(1500).map((line, n) => (n === 700 ? { ...line, value: 'x'.repeat(1001) } : line));
    const { code, stderr } = await insert(server.url, ndjson(lines));
    expect(stderr).toMatch(/^line 701: .*1003 bytes, more than 1000\n1,499 items inserted .*, 1 line refused\n$/);
    expect(code).toBe(1);
    expect(await contentsOf(server)).toEqual({ entries: lines.toSpliced(700, 1), changes: 1499 });
  });

  it('seamline insert reports the lines that the server names and inserts the others', async () => {
    const server = await startServer();
    const issues = [3, 5].map((index) => ({ path: ['inputs', index, 'value'], message: 'must be nicer' }));
    const front = await frontOf(server.url, (n) => (n === 0 ? refusal('BAD_USER_INPUT', { issues }) : 'pass'));
    const { code, stderr } = await insert(front.url, ndjson(entries(8)));
    expect(stderr).toMatch(/^line 4: value must be nicer\nline 6: value must be nicer\n6 items inserted/);
    expect(code).toBe(1);
    expect((await contentsOf(server)).entries).toEqual(entries(8).filter((_, n) => n !== 3 && n !== 5));
  });
});

describe('seamline insert, called wrongly,', () => {
  it.each([
    [['--nope']],
    [['a', 'b']],
    [['--url', 'ws://127.0.0.1:4000/graphql']],
    [['--url', 'nope']],
    [['--url', 'http://me:secret@127.0.0.1:4000/graphql']],
    [['--token', 'a b']],
    [['/nowhere/items.ndjson']],
    [['/']],
  ])('seamline insert %j prints one line and exits with 2', async (args) => {
    const { code, stdout, stderr } = await runCli(['insert', ...args]);
    expect(stderr).toMatch(/^seamline: \S.*\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it.each([['insert'], ['tail'], ['verify'], ['serve']])('%s --help prints help with an example', async (command) => {
    const { code, stdout, stderr } = await runCli([command, '--help']);
    expect(stdout).toMatch(new RegExp(`^  .*seamline ${command} `, 'm'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((await runCli(['--help'])).stdout).toMatch(new RegExp(`^  seamline ${command} +\\S`, 'm'));
  });
});
