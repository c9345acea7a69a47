import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { createServer } from '../../../src/server/server.ts';
import { entries, entry } from '../../support/processes/contents.ts';
import { type CliProcess, runCli, startCli } from '../../support/processes/processes.ts';
import { networkTo } from '../../support/sockets/proxy.ts';
import { startServer } from '../../support/server/server.ts';
import { SECRET, secondsFromNow, sign } from '../../support/server/tokens.ts';

interface Printed {
  readonly key: string;
  readonly cursor: string;
}

function printedBy({ stdout }: CliProcess) {
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return async (count: number): Promise<Printed[]> => {
    const taken: Printed[] = [];
    while (taken.length < count) taken.push(JSON.parse(String((await lines.next()).value)) as Printed);
    return taken;
  };
}

/** A server that acknowledges and closes the socket on demand. */
async function closingServer(code: number, { atOnce }: { readonly atOnce: boolean }) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  const inits: unknown[] = [];
  server.on('connection', (socket) => {
    socket.on('message', (text: Buffer) => {
      const { type, payload } = JSON.parse(text.toString()) as { type: string; payload?: unknown };
      if (type === 'connection_init') inits.push(payload);
      if (type === 'connection_init' && !atOnce) return socket.send('{"type":"connection_ack"}');
      socket.close(code, 'no');
    });
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, inits };
}

describe('seamline tail, on a bad network,', () => {
  it('seamline tail prints across cuts exactly what it would print without them (G2, G4)', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    const [whole, broken] = [startCli(['tail', '--url', server.url]), startCli(['tail', '--url', network.url])];
    const [uncut, printed] = [printedBy(whole), printedBy(broken)];
    const got: Printed[] = [];
    for (let round = 0; round < 4; round++) {
      await server.map.insertMany(entries(50, round * 100));
      got.push(...(await printed(25)));
      network.cut();
      await server.map.insertMany(entries(50, round * 100 + 50));
      await network.refusal();
      network.mend();
      got.push(...(await printed(75)));
    }
    expect(got).toEqual(await uncut(400));
    broken.signal('SIGTERM');
    const { stderr } = await broken.exited;
    expect(stderr).toMatch(/^(seamline: lost the connection to .*; trying again\nseamline: connected again\n){4}$/);
  });

  it('seamline tail resumes within 20 seconds after the connection died silently', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    const cli = startCli(['tail', '--url', network.url]);
    const printed = printedBy(cli);
    await server.map.insert(entry(0));
    await printed(1);
    network.swallow();
    const diedAt = performance.now();
    await server.map.insert(entry(1));
    expect(await printed(1)).toMatchObject([entry(1)]);
    expect(performance.now() - diedAt).toBeLessThan(20_000);
    cli.signal('SIGTERM');
    expect((await cli.exited).stderr).toMatch(
      /: closed with 4408 no answer within 5 seconds; trying again\nseamline: connected again\n$/,
    );
  }, 40_000);

  it('seamline tail ends with a message when its token expires', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    const token = await sign({ exp: secondsFromNow(3) });
    const { code, stderr } = await runCli(['tail', '--url', server.url, '--token', token]);
    expect(stderr).toBe(`seamline: ${server.url}: closed with 4403 the token has expired\n`);
    expect(code).toBe(1);
  });

  it('seamline tail ends with a message when its token is refused', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    const { code, stderr } = await runCli(['tail', '--url', server.url]);
    expect(stderr).toBe(`seamline: ${server.url}: closed with 4403 authentication required: send a bearer token\n`);
    expect(code).toBe(1);
  });

  it('seamline tail prints exactly --limit items across a cut (G8)', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    const cli = startCli(['tail', '--url', network.url, '--limit', '5']);
    const printed = printedBy(cli);
    await server.map.insertMany(entries(3));
    const got = await printed(3);
    network.cut();
    await network.refusal();
    await server.map.insertMany(entries(4, 3));
    network.mend();
    got.push(...(await printed(2)));
    expect((await cli.exited).code).toBe(0);
    expect(got.map(({ key }) => key)).toEqual(entries(5).map(({ key }) => key));
  });

  it('seamline tail says that the server has lost its log and prints its current items', async () => {
    const [server, other] = [await startServer(), await startServer()];
    const network = await networkTo(server.url);
    const cli = startCli(['tail', '--url', network.url]);
    const printed = printedBy(cli);
    await server.map.insert(entry(0));
    await printed(1);
    network.cut();
    await other.map.insert(entry(1));
    network.mend(other.url);
    expect(await printed(1)).toMatchObject([entry(1)]);
    await cli.said(/seamline: the server has lost its log; starting again with its current items\n/);
    cli.signal('SIGTERM');
    await cli.exited;
  });

  it('seamline tail names the server that it cannot reach and exits with 1', async () => {
    const server = await createServer({ port: 0 });
    await server.drain();
    const { code, stdout, stderr } = await runCli(['tail', '--url', server.url]);
    expect(stderr).toBe(`seamline: cannot reach ${server.url}: ECONNREFUSED\n`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  it('seamline tail says that the path does not exist and exits with 1', async () => {
    const { url } = await startServer();
    const { code, stderr } = await runCli(['tail', '--url', url.replace('graphql', 'nope')]);
    expect(stderr).toMatch(/^seamline: cannot reach .*\/nope: .*404\n$/);
    expect(code).toBe(1);
  });

  it.each([
    [4401, true],
    [4401, false],
    [4403, true],
    [4403, false],
    [4400, false],
  ])('seamline tail ends at once when it is closed with %d: %j', async (code, atOnce) => {
    const { url, inits } = await closingServer(code, { atOnce });
    const exit = await runCli(['tail', '--url', url, '--token', 'secret']);
    expect(exit.stderr).toBe(`seamline: ${url}: closed with ${code} no\n`);
    expect(exit).toMatchObject({ code: 1, stdout: '' });
    expect(inits).toEqual([{ Authorization: 'Bearer secret' }]);
  });
});
