import { describe, expect, it } from 'vitest';
import { runCli } from '../../support/processes/processes.ts';
import { startServer } from '../../support/server/server.ts';

const COMMANDS = [
  ['get', 'a'],
  ['remove', 'a'],
  ['tail', '--limit', '1'],
  ['insert', '-'],
  ['verify', '--seconds', '1'],
];

describe('seamline --collection', () => {
  it.each(COMMANDS)(
    'seamline %s with an unknown collection exits with 2 and names those that the server has',
    async (...command) => {
      const server = await startServer();
      const { code, stdout, stderr } = await runCli(
        [...command, '--url', server.url, '--collection', 'quotes'],
        {},
        '',
      );
      expect({ code, stdout, stderr }).toEqual({
        code: 2,
        stdout: '',
        stderr: 'seamline: --collection: the server has no collection "quotes": must be one of items\n',
      });
    },
  );

  it.each([true, false])(
    'the collection items is that of a default server, with introspection: %s',
    async (introspection) => {
      const server = await startServer({ introspection });
      const flags = ['--url', server.url, '--collection', 'items'];
      const inserted = await runCli(['insert', ...flags], {}, '{"key":"a","value":1}\n');
      expect(inserted.code).toBe(0);
      const { code, stdout } = await runCli(['tail', '--limit', '1', ...flags]);
      expect({ code, item: JSON.parse(stdout) as unknown }).toMatchObject({ code: 0, item: { key: 'a', value: 1 } });
      expect((await runCli(['get', 'a', '--url', server.url])).stdout).toBe(stdout);
    },
  );

  it('another collection of a server without introspection is an error that says why', async () => {
    const server = await startServer({ introspection: false });
    const { code, stderr } = await runCli(['get', 'a', '--url', server.url, '--collection', 'quotes']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^seamline: --collection: the server does not describe its collections: .*\n$/);
  });
});
