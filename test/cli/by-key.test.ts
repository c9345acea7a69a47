import { describe, expect, it } from 'vitest';
import { ItemDocument } from '../../schema/documents/graphql.ts';
import { ask } from '../support/clients/clients.ts';
import { runCli, startCli } from '../support/processes/processes.ts';
import { startServer } from '../support/server/server.ts';

/** A server with an item under each key. */
async function serverWith(...keys: readonly string[]) {
  const server = await startServer();
  await server.map.insertMany(keys.map((key) => ({ key, value: { is: key, n: -0 } })));
  return server;
}

const linesOf = (stdout: string): unknown[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);

describe('seamline get', () => {
  it('seamline get prints the line of an item that seamline tail prints', async () => {
    const server = await serverWith('a', 'b');
    const { code, stdout, stderr } = await runCli(['get', 'a', '--url', server.url]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe((await runCli(['tail', '--limit', '1', '--url', server.url])).stdout);
    expect(linesOf(stdout)).toEqual([(await ask(server, ItemDocument, { key: 'a' })).item]);
    expect(stdout).toContain('"n":-0');
  });

  it('seamline get prints the items of several keys in the order of the keys', async () => {
    const server = await serverWith('a', 'b', '-1', 'é b');
    const { code, stdout } = await runCli(['get', '--url', server.url, '--', '-1', 'é b', 'a']);
    expect(linesOf(stdout)).toMatchObject([{ key: '-1' }, { key: 'é b' }, { key: 'a' }]);
    expect(code).toBe(0);
  });

  it('seamline get names each key without an item, prints the others and exits with 1', async () => {
    const server = await serverWith('a');
    const { code, stdout, stderr } = await runCli(['get', 'x"y', 'a', 'z', '--url', server.url]);
    expect(stderr).toBe('seamline: no item has the key "x\\"y"\nseamline: no item has the key "z"\n');
    expect(linesOf(stdout)).toMatchObject([{ key: 'a' }]);
    expect(code).toBe(1);
  });

  it('seamline get exits silently with 0 when its reader closes the pipe', async () => {
    const server = await serverWith('a');
    const cli = startCli(['get', '--url', server.url, ...Array.from({ length: 2000 }, () => 'a')]);
    cli.stdout.once('data', () => cli.stdout.destroy());
    expect(await cli.exited).toEqual({ code: 0, stderr: '' });
  });
});

describe('seamline remove', () => {
  it('seamline remove removes the items of its keys and prints each removal', async () => {
    const server = await serverWith('a', 'b', 'c');
    const { code, stdout, stderr } = await runCli(['remove', 'a', 'b', '--url', server.url]);
    expect(linesOf(stdout)).toMatchObject([
      { key: 'a', reason: 'REMOVED' },
      { key: 'b', reason: 'REMOVED' },
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(['a', 'b', 'c'].filter((key) => server.map.get(key))).toEqual(['c']);
  });

  it('seamline remove names a key without an item, removes the others and exits with 1', async () => {
    const server = await serverWith('a');
    const { code, stdout, stderr } = await runCli(['remove', 'x', 'a', '--url', server.url]);
    expect(stderr).toBe('seamline: no item has the key "x"\n');
    expect(linesOf(stdout)).toMatchObject([{ key: 'a' }]);
    expect(code).toBe(1);
    expect(server.map.get('a')).toBeUndefined();
  });

  it('seamline remove --if-cursor removes an item only while it has the cursor', async () => {
    const server = await serverWith('a');
    const cursorOf = async (): Promise<string> =>
      (linesOf((await runCli(['get', 'a', '--url', server.url])).stdout)[0] as { cursor: string }).cursor;
    const old = await cursorOf();
    await server.map.insert({ key: 'a', value: 'again' });
    const refused = await runCli(['remove', 'a', '--url', server.url, '--if-cursor', old]);
    expect(refused).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^seamline: .+ \(CONFLICT\)\n$/),
    });
    expect(server.map.get('a')?.value).toBe('again');
    const removed = await runCli(['remove', 'a', '--url', server.url, '--if-cursor', await cursorOf()]);
    expect(removed).toMatchObject({ code: 0, stderr: '' });
    expect(server.map.get('a')).toBeUndefined();
  });

  it('seamline remove names --if-cursor when the server does not know the cursor', async () => {
    const server = await serverWith('a');
    const { code, stderr } = await runCli(['remove', 'a', '--url', server.url, '--if-cursor', 'x']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^seamline: --if-cursor: not a cursor .*BAD_USER_INPUT/)]);
  });
});

describe.each(['get', 'remove'])('seamline %s', (command) => {
  it.each([[[]], [['a', '--nope']], [['a', '--url', 'nowhere']], [['a', '--token', '']]])(
    `seamline ${command} %j prints one line and exits with 2`,
    async (args) => {
      const { code, stdout, stderr } = await runCli([command, ...args]);
      expect(stderr).toMatch(/^seamline: \S.*\n$/);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    },
  );

  it(`seamline ${command} prints why there is no answer and exits with 1`, async () => {
    const { url } = await startServer();
    const wrongPath = await runCli([command, 'a', '--url', url.replace('/graphql', '/nope')]);
    expect(wrongPath.stderr).toMatch(/^seamline: \S+\/nope: HTTP status 404 without a GraphQL result: check --url\n$/);
    const nobody = await runCli([command, 'a', '--url', 'http://127.0.0.1:9/graphql']);
    expect(nobody.stderr).toMatch(/^seamline: cannot reach http:\/\/127\.0\.0\.1:9\/graphql: .+\n$/);
    const wrongKey = await runCli([command, '', '--url', url]);
    expect(wrongKey.stderr).toMatch(/^seamline: key: .* \(BAD_USER_INPUT\)\n$/);
    expect([wrongPath.code, nobody.code, wrongKey.code]).toEqual([1, 1, 1]);
  });
});

it('seamline remove --if-cursor refuses several keys', async () => {
  const { code, stderr } = await runCli(['remove', 'a', 'b', '--if-cursor', 'x']);
  expect([code, stderr]).toEqual([2, 'seamline: --if-cursor is the cursor of one item, but there are 2 keys\n']);
});
