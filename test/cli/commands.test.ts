import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/process/command-names.ts';
import { nearest } from '../../src/cli/process/suggestions.ts';
import { runCli } from '../support/processes/processes.ts';
import { startServer } from '../support/server/server.ts';
import { SECRET, sign } from '../support/server/tokens.ts';

const names = Object.keys(COMMANDS);

describe('seamline help', () => {
  it('seamline help lists each command, as --help does above the flags of serve', async () => {
    const { code, stdout, stderr } = await runCli(['help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const name of names) expect(stdout).toMatch(new RegExp(`^  seamline ${name} +\\S`, 'm'));
    expect((await runCli(['--help'])).stdout.startsWith(stdout.trimEnd())).toBe(true);
    expect((await runCli(['help', 'help'])).stdout).toBe(stdout);
  });

  it.each(names.filter((name) => name !== 'help'))('seamline help %s prints what %s --help prints', async (name) => {
    const [asked, flagged] = await Promise.all([runCli(['help', name]), runCli([name, '--help'])]);
    expect(asked).toEqual(flagged);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    expect(asked.stdout).toMatch(new RegExp(`^seamline ${name}: \\S`));
  });

  it.each([
    [['help', 'tial'], 'unknown command "tial": did you mean tail?'],
    [['help', 'tail', 'insert'], 'help takes one COMMAND, not 2'],
  ])('seamline %j exits with 2', async (args, message) => {
    expect(await runCli(args)).toEqual({ code: 2, stdout: '', stderr: `seamline: ${message}\n` });
  });
});

describe('a misspelled word', () => {
  it.each([
    [['inser'], 'unknown command "inser": did you mean insert?'],
    [['vrify'], 'unknown command "vrify": did you mean verify?'],
    [['nope'], `unknown command "nope": must be one of ${names.join(', ')}`],
    [['--prot', '4100'], 'unknown flag --prot: did you mean --port?'],
    [['--prot=4100'], 'unknown flag --prot: did you mean --port?'],
    [['-port', '4100'], 'unknown flag -port: did you mean --port?'],
    [['serve', '--max-conn', '5'], 'unknown flag --max-conn: did you mean --max-connections?'],
    [['tail', '--limt', '5'], 'unknown flag --limt: did you mean --limit?'],
    [['bench', '--second', '5'], 'unknown flag --second: did you mean --seconds?'],
    [['get', 'a', '--tokne', 'x'], 'unknown flag --tokne: did you mean --token?'],
    [['verify', '--port', '5'], 'unknown flag --port: --help lists all flags'],
    [['completion', 'fihs'], 'unknown shell "fihs": did you mean fish?'],
  ])('seamline %j names the nearest word', async (args, message) => {
    expect(await runCli(args)).toEqual({ code: 2, stdout: '', stderr: `seamline: ${message}\n` });
  });

  it.each([
    ['prot', ['port', 'host'], 'port'],
    ['max-', ['max-items', 'max-bytes'], undefined],
    ['max-b', ['max-items', 'max-bytes'], 'max-bytes'],
    ['taik', ['tail', 'task'], undefined],
    ['x', ['port'], undefined],
    ['', ['port'], undefined],
  ])('the word nearest to %j in %j is %j', (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected);
  });
});

describe('a flag', () => {
  it.each([
    [['--port'], '--port needs a value: --port PORT'],
    [['--open=yes'], '--open takes no value'],
    [['tail', '--limit', '-1'], '--limit needs a value; for one that starts with a dash write --limit=-1'],
    [['tail', 'x'], 'unexpected argument "x": --help lists what is possible'],
  ])('seamline %j says how the flag is written', async (args, message) => {
    expect(await runCli(args)).toEqual({ code: 2, stdout: '', stderr: `seamline: ${message}\n` });
  });
});

describe('SEAMLINE_URL and SEAMLINE_TOKEN', () => {
  const start = async () => {
    const server = await startServer({ jwtSecret: SECRET });
    const token = await sign({ scope: 'items:read items:write' });
    return { server, url: server.url, env: { SEAMLINE_URL: server.url, SEAMLINE_TOKEN: token }, token };
  };

  it('SEAMLINE_URL and SEAMLINE_TOKEN stand for --url and --token of insert, get, tail and remove', async () => {
    const { env } = await start();
    expect(await runCli(['insert'], env, '{"key":"a","value":1}')).toMatchObject({ code: 0 });
    for (const args of [
      ['get', 'a'],
      ['tail', '--limit', '1'],
      ['remove', 'a'],
    ]) {
      const { code, stdout } = await runCli(args, env);
      expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ key: 'a' })]);
    }
  });

  it('SEAMLINE_URL and SEAMLINE_TOKEN stand for --url and --token of verify and bench', async () => {
    const { env, url } = await start();
    const nodes = { ...env, SEAMLINE_URL: `${url},${url}` };
    expect(await runCli(['verify', '--seconds', '1'], nodes)).toMatchObject({ code: 0, stderr: '' });
    const bench = await runCli(['bench', '--seconds', '1', '--subscribers', '2'], env);
    expect(bench).toMatchObject({ code: 0, stderr: '' });
  });

  it('--url and --token take precedence over SEAMLINE_URL and SEAMLINE_TOKEN, even over invalid ones', async () => {
    const { url, token } = await start();
    const env = { SEAMLINE_URL: 'nowhere', SEAMLINE_TOKEN: 'a b' };
    const { code, stderr } = await runCli(['get', 'a', '--url', url, '--token', token], env);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'seamline: no item has the key "a"\n' });
  });

  it('an empty SEAMLINE_URL or SEAMLINE_TOKEN counts as unset', async () => {
    const { url } = await start();
    const { code, stderr } = await runCli(['get', 'a', '--url', url], { SEAMLINE_TOKEN: '' });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/\(UNAUTHENTICATED\): pass --token or set SEAMLINE_TOKEN\n$/),
    ]);
    const { stderr: unreachable } = await runCli(['get', 'a'], { SEAMLINE_URL: '' });
    expect(unreachable).toContain('http://127.0.0.1:4000/graphql');
  });

  it.each([
    [{ SEAMLINE_URL: 'ftp://a' }, 'SEAMLINE_URL: must be an http or https URL, not "ftp://a"'],
    [{ SEAMLINE_TOKEN: 'a b' }, 'SEAMLINE_TOKEN: must be printable ASCII without spaces, and not empty'],
  ])('seamline exits with 2 and names the variable of %j', async (env, message) => {
    for (const args of [['insert'], ['get', 'a'], ['remove', 'a'], ['tail'], ['verify'], ['bench']])
      expect(await runCli(args, env)).toEqual({ code: 2, stdout: '', stderr: `seamline: ${message}\n` });
  });
});
