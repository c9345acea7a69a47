/** Runs a server as `npm start` does, in a process of its own, so that its memory and event loop can be measured. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  /** Resident memory in MB. */
  residentMegabytes(): number;
  /** CPU seconds used so far. */
  cpuSeconds(): number;
  /** The samples of `/metrics` by name and labels. */
  metrics(): Promise<Metrics>;
  /** Resolves with the data of a query or mutation; rejects when it has errors. */
  ask(query: string, variables?: object): Promise<unknown>;
  /** Ends it with SIGTERM. Resolves with the exit code, or with null when it had to be killed. */
  stop(): Promise<number | null>;
}

export type Metrics = ReadonlyMap<string, number>;

/** After this time, in ms, a server that still drains is killed. */
const STOP_MS = 20_000;

export async function startServerProcess(flags: readonly string[] = []): Promise<ServerProcess> {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
  const args = scripts.start.replace('node scripts/run.mjs node ', '').split(' ');
  const child = spawn(process.execPath, [...args, '--port', '0', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  // A signal that ends this process ends the server too.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  let printed = '';
  for await (const chunk of child.stdout) {
    printed += String(chunk);
    if (printed.includes('ws://')) break;
  }
  const url = /http:\/\/\S+/.exec(printed)?.[0];
  if (url === undefined) throw new Error(`the server did not start: ${printed}`);
  const proc = (name: string): string => readFileSync(`/proc/${child.pid}/${name}`, 'utf8');
  return {
    url,
    port: Number(new URL(url).port),
    residentMegabytes: () => Number(/VmRSS:\s+(\d+)/.exec(proc('status'))?.[1]) / 1024,
    cpuSeconds() {
      // After the name in brackets, utime and stime are the 12th and 13th field, in ticks of 10 ms.
      const fields = proc('stat').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    async metrics() {
      const body = await fetched(new URL('/metrics', url));
      const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      return new Map(
        lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
      );
    },
    async ask(query, variables) {
      const body = JSON.stringify({ query, variables });
      const { data, errors } = JSON.parse(await fetched(url, body)) as { data?: unknown; errors?: unknown };
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    },
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(kill, STOP_MS);
      const code = await exited;
      clearTimeout(timer);
      process.off('exit', kill);
      return code;
    },
  };
}

/** Resolves with the number of items. */
export async function sizeOf(served: ServerProcess): Promise<number> {
  const { stream } = (await served.ask('{ stream { size } }')) as { stream: { size: number } };
  return stream.size;
}

/** Uses a connection of its own, because a kept-alive one may be closed just as it is used again. */
async function fetched(url: string | URL, body?: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const sent = request(url, { method: body === undefined ? 'GET' : 'POST', headers, agent: false }).end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return text(response);
}
