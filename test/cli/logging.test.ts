import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createLogger } from '../../src/cli/process/logger.ts';
import { runCli, serveCli } from '../support/processes/processes.ts';

describe('seamline serve', () => {
  it('seamline serve logs lines of JSON to stderr', async () => {
    const { url, exited, signal } = await serveCli(['--port', '0']);
    await fetch(url);
    signal('SIGTERM');
    const { stderr } = await exited;
    const lines = stderr.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: 'info', msg: 'starting' },
      { level: 'info', msg: 'ready', url, time: expect.stringMatching(/^\d{4}-.*Z$/) },
      { level: 'info', msg: 'draining' },
      { level: 'info', msg: 'drained' },
    ]);
  });

  it('seamline serve logs nothing with --log-level silent and operations with debug', async () => {
    for (const [level, expected] of [
      ['silent', /^$/],
      ['debug', /"msg":"operation done"/],
    ] as const) {
      const { url, exited, signal } = await serveCli(['--port', '0', '--log-level', level]);
      await fetch(`${url}?query={__typename}`);
      signal('SIGTERM');
      expect((await exited).stderr).toMatch(expected);
    }
  });

  it('seamline serve refuses an unknown log level', async () => {
    expect(await runCli(['--log-level', 'loud'])).toMatchObject({ code: 2 });
  });

  it('seamline serve logs readable lines on a terminal', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'seamline-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'terminal');
    const destination = openSync(file, 'w');
    const logger = await createLogger({ level: 'info', isTerminal: true, destination });
    logger.debug?.({}, 'not this');
    logger.info({ url: 'http://localhost' }, 'ready');
    const text = await vi.waitFor(() => {
      const written = readFileSync(file, 'utf8');
      expect(written).toContain('localhost');
      return written;
    });
    closeSync(destination);
    expect(text).toMatch(/\d\d:\d\d:\d\d\.\d{3}.*INFO.*ready/);
    expect(text).not.toContain('not this');
    expect(text).not.toContain('{"');
  });
});
