import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { startCli } from '../support/processes/processes.ts';
import { startServer } from '../support/server/server.ts';

describe('seamline verify, interrupted,', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s ends seamline verify with %d, a report, and none of its items', async (signal, expected) => {
    const server = await startServer();
    const cli = startCli(['verify', '--url', server.url, '--seconds', '3600']);
    const stdout = text(cli.stdout);
    await expect.poll(() => server.map.replica.items.size).toBeGreaterThan(0);
    cli.signal(signal);
    const { code, stderr } = await cli.exited;
    const [ending = '', report = '', ...others] = stderr.trimEnd().split('\n');
    expect(ending).toBe(`seamline: ending after the round in flight; send ${signal} again to end at once`);
    const pattern = new RegExp(
      `^seamline: interrupted by ${signal} after \\d+ of 3600 s; checked until then: ([\\d,]+) histories, [\\d,]+ deliveries, 0 violations$`,
    );
    expect(report).toMatch(pattern);
    const [, histories = ''] = pattern.exec(report) ?? [];
    expect(await stdout).toMatch(new RegExp(`^all +${histories} `, 'm'));
    expect({ code, others }).toEqual({ code: expected, others: [] });
    expect(server.map.replica.items.size).toBe(0);
  });
});
