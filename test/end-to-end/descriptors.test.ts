/** A server that runs out of file descriptors, because connections have taken them all: it refuses what needs one, and nothing for longer. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { copyOf, openKept, temporaryDirectory } from '../support/engines/kept.ts';

const hasPrlimit = process.platform === 'linux' && isThere('prlimit');

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function startServer(directory: string) {
  const program = new URL('../support/engines/kept-server.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, directory, '20000', 'and say so'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = text(child.stderr);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { done, value } = await lines.next();
    if (done === true) throw new Error('the server has ended');
    return value;
  };
  return { child, url: new URL(await nextLine()), pid: child.pid ?? 0, said, nextSnapshot: nextLine };
}

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Over one connection, which stays open. */
function inserter(url: URL): (key: string) => Promise<unknown> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return async (key) => {
    const sent = request(url, { agent, method: 'POST', headers: { 'content-type': 'application/json' } });
    const query = `mutation ($key: ID!) { insertItem(input: { key: $key, value: "${'x'.repeat(2000)}" }) { key } }`;
    sent.end(JSON.stringify({ query, variables: { key } }));
    const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream];
    const { data, errors } = JSON.parse(await text(response)) as {
      data?: { insertItem: { key: string } | null };
      errors?: readonly unknown[];
    };
    return errors?.[0] ?? data?.insertItem?.key;
  };
}

/** Connections that say nothing. The server closes those that it can't take. */
async function crowd(url: URL, size: number): Promise<Socket[]> {
  const sockets = Array.from({ length: size }, () => connect(Number(url.port), url.hostname).on('error', () => {}));
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}

it.runIf(hasPrlimit).each([0, 1, 2, 3, 4, 6, 8, 10])(
  'insertions go on while no file descriptor is free, and a snapshot is made when one is (%i left)',
  async (left) => {
    const directory = temporaryDirectory();
    const { child, url, pid, said, nextSnapshot } = await startServer(directory);
    const insert = inserter(url);
    expect(await insert('first')).toBe('first');
    const without = descriptorsOf(pid);
    const sockets = await crowd(url, 20);
    // Until all are accepted: what they take is what is free after they have left.
    await expect.poll(() => descriptorsOf(pid), { timeout: 10_000 }).toBeGreaterThanOrEqual(without + 19);
    execFileSync('prlimit', ['--pid', String(pid), `--nofile=${descriptorsOf(pid) + left}`]);
    const more = left === 0 ? await crowd(url, 20) : [];
    for (let n = 0; n < 40; n++) expect(await insert(`k${n}`)).toBe(`k${n}`);
    for (const socket of [...sockets, ...more]) socket.destroy();
    // A snapshot may have been made meanwhile. These make another one due, whatever its size.
    for (let n = 0; n < 100; n++) expect(await insert(`later${n}`)).toBe(`later${n}`);
    while (Number(await nextSnapshot()) <= 41);
    expect(child.exitCode).toBeNull();
    const again = await openKept(copyOf(directory));
    expect([again.get('first')?.key, again.get('k39')?.key]).toEqual(['first', 'k39']);
    expect(again.replica.items.size).toBe(141);
    child.kill('SIGKILL');
    expect(await said).not.toContain('Error');
  },
  // The process that builds a snapshot has a low priority: on a busy machine it takes long.
  180_000,
);
