/** `npm start`'s server in a process of its own, as it is started there, so that its memory and its loop are its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Served {
  readonly url: string;
  readonly port: number;
  /** In MB. */
  residentMegabytes(): number;
  /** CPU seconds used so far. */
  cpuSeconds(): number;
  /** Each sample of `/metrics`, by its name with its labels. */
  metrics(): Promise<Metrics>;
  /** A query or a mutation that must succeed. */
  ask(query: string, variables?: object): Promise<unknown>;
  /** Ends it as an operator does; resolves with the exit code, null when it had to be killed. */
  stop(): Promise<number | null>;
}

export type Metrics = ReadonlyMap<string, number>;

/** A server that hasn't drained by then is killed. */
const STOP_MS = 20_000;

export async function startServed(flags: readonly string[] = []): Promise<Served> {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
  const args = scripts.start.replace('node scripts/run.mjs node ', '').split(' ');
  const child = spawn(process.execPath, [...args, '--port', '0', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  // Whoever ends this one ends the server, too.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  let printed = '';
  for await (const chunk of child.stdout) {
    printed += String(chunk);
    if (printed.includes('ws://')) break;
  }
  const url = /http:\/\/\S+/.exec(printed)?.[0];
  if (url === undefined) throw new Error(`the server has not started: ${printed}`);
  const proc = (name: string): string => readFileSync(`/proc/${child.pid}/${name}`, 'utf8');
  return {
    url,
    port: Number(new URL(url).port),
    residentMegabytes: () => Number(/VmRSS:\s+(\d+)/.exec(proc('status'))?.[1]) / 1024,
    cpuSeconds() {
      // Behind the name in brackets: utime and stime are the 12th and 13th field, in ticks of 10 ms.
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

/** How many items it has. */
export async function sizeOf(served: Served): Promise<number> {
  const { stream } = (await served.ask('{ stream { size } }')) as { stream: { size: number } };
  return stream.size;
}

/** On a connection of its own: one that is kept alive may be closed just as it is used again. */
async function fetched(url: string | URL, body?: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const sent = request(url, { method: body === undefined ? 'GET' : 'POST', headers, agent: false }).end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return text(response);
}
