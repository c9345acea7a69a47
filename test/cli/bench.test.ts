import { describe, expect, it } from 'vitest';
import { runCli } from '../support/processes/processes.ts';
import { startServer } from '../support/server/server.ts';

describe('seamline bench', () => {
  it('seamline bench prints a figure for each row and removes its items (G10)', async () => {
    const server = await startServer();
    await server.map.insert({ key: 'mine', value: 1 });
    const flags = ['--url', server.url, '--seconds', '1', '--subscribers', '5'];
    const { code, stdout, stderr } = await runCli(['bench', ...flags]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = stdout.trim().split('\n');
    expect(rows.map((row) => row.replace(/\s{2,}/g, ' ').replace(/[\d,.]+ (items|deliveries)/, 'N $1'))).toEqual([
      'insertItem over one WebSocket, 64 in flight N items/s',
      'insertItems of 500, 4 in flight N items/s',
      expect.stringMatching(/^N items replayed to 20 subscribers at once [\d,]+ items\/s$/),
      'delivered to 5 subscribers, 8 insertions in flight N deliveries/s',
      expect.stringMatching(
        /^delivered to 5 subscribers, 50 insertions per second p50 [\d.]+ ms, p99 [\d.]+ ms, all delivered$/,
      ),
    ]);
    expect(server.map.get('mine')?.value).toBe(1);
    expect(server.map.replica.items.size).toBe(1);
  });

  it('seamline bench prints why the server refuses a call and exits with 1', async () => {
    const server = await startServer({ insertRate: 1 });
    const { code, stderr } = await runCli(['bench', '--url', server.url, '--seconds', '1']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^seamline: at most 1 items per second may be inserted: retry after \d+ ms$/m);
  });

  it.each([[['--subscribers', '0']], [['--seconds', 'x']], [['--nonsense']], [['--url', 'nowhere']]])(
    'seamline bench exits with 2 and one line for %s',
    async (flags) => {
      const { code, stderr } = await runCli(['bench', ...flags]);
      expect(code).toBe(2);
      expect(stderr.trim().split('\n').length).toBe(1);
    },
  );
});
