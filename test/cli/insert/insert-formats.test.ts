/** Sources that are no lines of JSON, and what `seamline insert` says to do about them. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { contentsOf, entries, ndjson } from '../../support/processes/contents.ts';
import { temporaryDirectory } from '../../support/engines/kept.ts';
import { runCli } from '../../support/processes/processes.ts';
import { isMissing } from '../../support/processes/programs.ts';
import { startServer } from '../../support/server/server.ts';

const lines = ndjson(entries(2));
const ARRAY = 'one JSON array, not one object per line';

function fileOf(name: string, content: string | Buffer): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, content);
  return path;
}

describe('seamline insert, with a source of another format,', () => {
  it.each<[string, Buffer, what: string, remedy: string]>([
    ['gzip', gzipSync(lines), 'compressed by gzip', 'gunzip -c'],
    ['zstd', zstdCompressSync(lines), 'compressed by zstd', 'zstd -dc'],
    ['UTF-16', Buffer.from(`\uFEFF${lines}`, 'utf16le'), 'UTF-16, not UTF-8', 'iconv -f UTF-16 -t UTF-8'],
    ['an array', Buffer.from(JSON.stringify(entries(2))), ARRAY, "jq -c '.[]'"],
    ['an array over several lines', Buffer.from(JSON.stringify(entries(2), null, 2)), ARRAY, "jq -c '.[]'"],
    ['an array with an item per line', Buffer.from(`\n[\n${lines.replace('\n', ',\n')}]\n`), ARRAY, "jq -c '.[]'"],
    [
      'an object over several lines',
      Buffer.from(JSON.stringify(entries(1)[0], null, 2)),
      'JSON over several lines, not one object per line',
      'jq -c .',
    ],
  ])('seamline insert refuses %s as a whole, with the command that converts it', async (_, content, what, remedy) => {
    const server = await startServer();
    const path = fileOf('items', content);
    const [byFile, byPipe] = [
      await runCli(['insert', path, '--url', server.url]),
      await runCli(['insert', '--url', server.url], {}, content),
    ];
    expect(byFile.stderr).toContain(`seamline: ${path} is ${what}: run ${remedy} ${path} | seamline insert\n`);
    expect(byPipe.stderr).toContain(`seamline: stdin is ${what}: pipe it through ${remedy} first\n`);
    for (const { code, stderr } of [byFile, byPipe]) {
      expect(stderr).toMatch(/^seamline: .*\n0 items inserted in .*\n$/);
      expect(code).toBe(1);
    }
    expect((await contentsOf(server)).entries).toEqual([]);
  });

  it.skipIf(isMissing('jq')).each<[name: string, content: string | Buffer]>([
    ['items.json.gz', gzipSync(lines)],
    ["it's an array.json", JSON.stringify(entries(2))],
    [
      'spread.json',
      entries(2)
        .map((item) => JSON.stringify(item, null, 2))
        .join('\n'),
    ],
  ])('the command that seamline insert prints for %s converts it', async (name, content) => {
    const path = fileOf(name, content);
    const { stderr } = await runCli(['insert', path]);
    const [, command = ''] = /: run (.*) \| seamline insert$/m.exec(stderr) ?? [];
    expect(execFileSync('bash', ['-c', command], { encoding: 'utf8' })).toBe(lines);
  });

  it('an array of something else in the first line is one wrong line', async () => {
    const server = await startServer();
    for (const wrong of ['[]', '[1]', '["a"]']) {
      const { code, stderr } = await runCli(['insert', '--url', server.url], {}, `${wrong}\n${lines}`);
      expect(stderr).toMatch(/^line 1: not an object\n2 items inserted .*, 1 line refused\n$/);
      expect(code).toBe(1);
    }
  });

  it('an array that comes after lines of JSON is one wrong line', async () => {
    const server = await startServer();
    const { stderr } = await runCli(['insert', '--url', server.url], {}, `${lines}${JSON.stringify(entries(2))}\n`);
    expect(stderr).toMatch(/^line 3: not an object\n2 items inserted .*, 1 line refused\n$/);
  });
});

describe('seamline insert, with a line without a key or a value,', () => {
  it('seamline insert shows once what a line needs', async () => {
    const { url } = await startServer();
    const wrong = ['{"key":"a"}', '{"value":1}', '{"key":"b","ttl":5}', '{"key":"c","text":"d"}', '{"key":"e","n":1}'];
    const { code, stderr } = await runCli(['insert', '--url', url], {}, wrong.join('\n'));
    const example = 'a line has a key and a value, such as {"key":"a","value":{"n":1}}';
    expect(stderr.split('\n').slice(0, 5)).toEqual([
      `line 1: no value: ${example}`,
      'line 2: no key',
      'line 3: no value',
      `line 4: no value: ${example}; jq -c '{key, value: del(.key)}' turns the other fields into the value`,
      'line 5: no value',
    ]);
    expect(code).toBe(1);
  });
});
