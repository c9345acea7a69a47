/** Starts the servers that are compared, each in a process of its own and, when `taskset` is available, on a core of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Ask } from '../peers/peer.ts';

/** The protocol that subscribers use. */
export type Wire = 'graphql' | 'sse' | 'raw';

export interface PeerKind {
  readonly title: string;
  readonly file: string;
  readonly wire: Wire;
  /** Whether it accepts mutations over HTTP. */
  readonly hasHttp: boolean;
}

export const PEERS = {
  seamline: { title: 'seamline', file: 'seamline.ts', wire: 'graphql', hasHttp: true },
  yoga: { title: 'naive Yoga', file: 'yoga.ts', wire: 'graphql', hasHttp: true },
  'yoga-sse': { title: 'Yoga SSE', file: 'yoga.ts', wire: 'sse', hasHttp: true },
  mercurius: { title: 'mercurius', file: 'mercurius/server.ts', wire: 'graphql', hasHttp: true },
  'graphql-ws': { title: 'graphql-ws + graphql-subscriptions', file: 'graphql-ws.ts', wire: 'graphql', hasHttp: false },
  'raw-ws': { title: 'raw ws', file: 'raw-ws.ts', wire: 'raw', hasHttp: false },
} as const satisfies Record<string, PeerKind>;

export type PeerName = keyof typeof PEERS;

export const PEER_NAMES = Object.keys(PEERS) as PeerName[];

/** The first and the last core that this process may use. Undefined when there is only one, or no `taskset`. */
const CORES = usableCores();

function usableCores(): { server: string; load: string } | undefined {
  const { stdout } = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' });
  const [server, load] = [/(\d+)[-,\d]*$/, /(\d+)$/].map((core) => core.exec(stdout?.trim() ?? '')?.[1]);
  return server !== undefined && load !== undefined && server !== load ? { server, load } : undefined;
}

/** Pins this process to its core, and returns a description. */
export function pinLoad(): string {
  if (!CORES) return 'not pinned to cores: taskset is missing, or there is one core only';
  spawnSync('taskset', ['-acp', CORES.load, String(process.pid)]);
  return `servers on core ${CORES.server}, load on core ${CORES.load}`;
}

export interface RunningPeer extends PeerKind {
  readonly name: PeerName;
  readonly port: number;
  ask(ask: Exclude<Ask['ask'], 'fill'>): Promise<number>;
  fill(from: number, to: number): Promise<number>;
  stop(): Promise<void>;
}

export async function startPeer(name: PeerName, ...args: readonly string[]): Promise<RunningPeer> {
  const kind: PeerKind = PEERS[name];
  const node = [process.execPath, '--expose-gc', '--no-warnings', `bench/peers/${kind.file}`, ...args];
  const [command = '', ...rest] = CORES ? ['taskset', '-c', CORES.server, ...node] : node;
  const child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ask = (asked: Ask): Promise<number> => {
    child.send(asked);
    return messageFrom(child);
  };
  const port = await messageFrom(child);
  return {
    ...kind,
    name,
    port,
    ask: (what) => ask({ ask: what }),
    fill: (from, to) => ask({ ask: 'fill', from, to }),
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function messageFrom(child: ChildProcess): Promise<number> {
  const ended = new AbortController();
  const exited = once(child, 'exit', ended).then(([code]) => {
    throw new Error(`a server ended with code ${code}`);
  });
  const [answer] = (await Promise.race([once(child, 'message', ended), exited])) as [number];
  exited.catch(() => {});
  ended.abort();
  return answer;
}

export interface Measure {
  /** CPU time of the server in µs. */
  readonly cpu: number;
  readonly seconds: number;
  /** The share of the time that the cores of the server and of the load client were busy. */
  readonly serverShare: number;
  readonly loadShare: number;
}

/** Measures CPU time and duration of `work`. */
export async function measured(peer: RunningPeer, work: () => Promise<void>): Promise<Measure> {
  const [cpuBefore, own, startedAt] = [await peer.ask('cpu'), process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(own);
  const micros = (performance.now() - startedAt) * 1000;
  const cpu = (await peer.ask('cpu')) - cpuBefore;
  return { cpu, seconds: micros / 1e6, serverShare: cpu / micros, loadShare: (user + system) / micros };
}
