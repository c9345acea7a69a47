/**
 * Replaces docker on machines without it. `docker run` and `docker compose up` run the command line of the container in its environment on
 * this machine. Unknown options are refused. The port comes from `SEAMLINE_PORT` if it is set, and a volume is a local directory.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

type Environment = Record<string, string | undefined>;

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const dockerfile = readFileSync(`${ROOT}Dockerfile`, 'utf8');
const [, entryPoint = '[]'] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? [];
const [, exposed] = /^EXPOSE (\d+)$/m.exec(dockerfile) ?? [];

const pairs = (lines: readonly string[]): Environment =>
  Object.fromEntries(lines.map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]));
const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

/** Runs Node as the image does. Of this environment it keeps PATH, the options that let an older Node run TypeScript, and the port. */
async function runImage(
  environment: Environment,
  args: readonly string[],
  volumes: readonly string[],
): Promise<number> {
  const [program = '', ...given] = JSON.parse(entryPoint) as string[];
  const image = pairs((/^ENV (.*)$/m.exec(dockerfile)?.[1] ?? '').split(' '));
  const { PATH, NODE_OPTIONS, SEAMLINE_PORT } = process.env;
  const mounted = Object.entries({ ...image, ...environment }).map(([name, value = '']) => [
    name,
    volumes.map((volume) => volume.split(':')).find(([, path]) => path === value)?.[0] ?? value,
  ]);
  const env = { PATH, NODE_OPTIONS, SEAMLINE_PORT, ...(Object.fromEntries(mounted) as Environment) };
  return runProgram(program, [...given.map((arg) => (arg.endsWith('.ts') ? ROOT + arg : arg)), ...args], env);
}

async function runProgram(program: string, args: readonly string[], env: Environment): Promise<number> {
  const [code] = (await once(spawn(program, args, { env, stdio: 'inherit' }), 'exit')) as [number | null];
  return code ?? 1;
}

const SWITCHES = new Set(['--rm', '-d', '-i', '--read-only']);
const VALUES = '-p -v -e --env-file --name --restart --cap-drop --security-opt --memory --stop-timeout --network'.split(
  ' ',
);

async function run(args: readonly string[]): Promise<number> {
  const rest = [...args];
  const given = Object.fromEntries(VALUES.map((name) => [name, [] as string[]]));
  while (rest[0]?.startsWith('-')) {
    const option = rest.shift() ?? '';
    if (SWITCHES.has(option)) continue;
    const values = given[option];
    if (!values) throw new Error(`unknown option ${option}`);
    values.push(rest.shift() ?? '');
  }
  const valuesOf = (name: string): string[] => given[name] ?? [];
  const image = rest.shift();
  if (image !== 'seamline') throw new Error(`unknown image ${image}`);
  for (const port of valuesOf('-p'))
    if (port !== `127.0.0.1:4000:${exposed}`) throw new Error(`the image has no such port: ${port}`);
  const files = valuesOf('--env-file').flatMap((file) => linesOf(readFileSync(file, 'utf8')));
  // In the network of another container the server is at the address that the command uses.
  const { SERVER_URL = '' } = process.env;
  const target = valuesOf('--network').length > 0 ? ['--url', SERVER_URL] : [];
  return runImage(pairs([...files, ...valuesOf('-e')]), [...rest, ...target], valuesOf('-v'));
}

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
}

/** Substitutes `${NAME:?why}`, which must be set. */
const filled = (text: string): string =>
  text.replace(/\$\{(\w+):\?(.*?)\}/g, (_, name: string, why: string) => {
    const value = process.env[name];
    if (value === undefined || value === '') throw new Error(`${name} is missing: ${why}`);
    return value;
  });

/** Resolves once one of the processes ends. */
async function composeUp(): Promise<number> {
  const { parse } = await import('yaml');
  const { services } = parse(readFileSync('compose.yaml', 'utf8')) as { services: Readonly<Record<string, Service>> };
  const running = Object.values(services).map(({ image, environment = {}, volumes = [] }) => {
    const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, filled(value)]));
    if (image === 'seamline') return runImage(env, [], volumes);
    if (!image.startsWith('caddy:')) throw new Error(`unknown image ${image}`);
    const file = volumes.map((volume) => volume.split(':')).find(([, path]) => path === '/etc/caddy/Caddyfile')?.[0];
    const { PATH } = process.env;
    return runProgram('caddy', ['run', '--config', resolve(file ?? 'none')], { PATH, HOME: process.cwd(), ...env });
  });
  return Promise.race(running);
}

try {
  const [command, ...args] = process.argv.slice(2);
  if (command === 'run') process.exitCode = await run(args);
  else if (command === 'compose' && args.join(' ') === 'up -d') process.exitCode = await composeUp();
  else throw new Error(`there is no engine here for ${command} ${args.join(' ')}`);
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 125;
}
