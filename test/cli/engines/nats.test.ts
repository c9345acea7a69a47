import { describe, expect, it } from 'vitest';
import { describeWithNats } from '../../support/engines/nats.ts';
import { managerOf, startNats } from '../../support/engines/nats-logs.ts';
import { runCli, serveCli } from '../../support/processes/processes.ts';

const insert = (key: string): string => JSON.stringify({ key, value: 1 });

describeWithNats('seamline serve --nats', () => {
  it('seamline serve --nats is one of several nodes of one log and ends on SIGTERM', async () => {
    const nats = await startNats();
    const args = ['--port', '0', '--nats', nats.url, '--stream', 'nodes'];
    const [one, two] = await Promise.all([
      serveCli(args),
      serveCli([], { SEAMLINE_NATS: nats.url, SEAMLINE_PORT: '0', SEAMLINE_STREAM: 'nodes' }),
    ]);
    expect((await runCli(['insert', '--url', one.url], {}, insert('a'))).code).toBe(0);
    const { stdout } = await runCli(['tail', '--url', two.url, '--limit', '1']);
    expect(JSON.parse(stdout)).toMatchObject({ key: 'a', value: 1 });
    one.signal('SIGTERM');
    two.signal('SIGTERM');
    expect([(await one.exited).code, (await two.exited).code]).toEqual([0, 0]);
    const left = await (await managerOf(nats.url)).consumers.list('nodes').next();
    expect(left).toEqual([]);
  });

  it('seamline serve --nats exits with 1 and one line without secrets when it can use no server', async () => {
    const nats = await startNats({ config: 'authorization { user: anna, password: right }' });
    const { host } = new URL(nats.url);
    const wrong = await runCli(['--port', '0', '--nats', `nats://anna:s3cret@${host}`, '--log-level', 'debug']);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/^seamline: NATS at 127\.0\.0\.1:\d+ can't be used: /m);
    expect(wrong.stderr + wrong.stdout).not.toContain('s3cret');
    await nats.kill();
    const gone = await runCli(['--port', '0', '--nats', `nats://anna:right@${host}`, '--engine-timeout', '1']);
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringMatching(/can't be used: .*refused/)]);
  });

  it('seamline serve --nats exits with 1 when the stream cannot keep the guarantees', async () => {
    const nats = await startNats();
    await (await managerOf(nats.url)).streams.add({ name: 'seamline', subjects: ['seamline.commands'], max_msgs: 5 });
    const { code, stderr } = await runCli(['--port', '0', '--nats', nats.url]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^seamline: the stream seamline can't hold the log: .*max_msgs/m),
    ]);
  });
});

describe('seamline serve', () => {
  it.each([
    [['--nats', 'nats://a', '--data', 'b'], '--data and --nats exclude each other'],
    [['--stream', 'a'], '--stream needs --nats'],
    [['--nats', 'http://anna:s3cret@a'], 'server 1 must be a URL such as nats://host:4222 or tls://host:4222'],
    [['--nats', 'nats://a', '--stream', 'a.b'], '--stream must be of letters, digits, - and _'],
    [['--nats', 'nats://a', '--nats-replicas', '6'], '--nats-replicas: must be a whole number from 1 to 5'],
    [['--nats', 'nats://a', '--nats-creds', '/nowhere'], "--nats-creds: /nowhere can't be read"],
  ])('seamline serve %j exits with 2', async (args, words) => {
    const { code, stderr } = await runCli(['--port', '0', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('s3cret');
  });
});
