// Builds the image and checks what docs/docker.md promises. It needs a container engine (Docker, or `ENGINE=podman`):
//   node scripts/image.mjs [IMAGE]     checks an existing IMAGE without building one
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

const { ENGINE = 'docker' } = process.env;
const [image = 'seamline'] = process.argv.slice(2);
const name = `seamline-${process.pid}`;
const HARD = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

/** Runs the container engine. Returns its exit code and output. */
function engine(...args) {
  const { status, stdout, stderr, error } = spawnSync(ENGINE, args, { encoding: 'utf8' });
  if (error) throw error;
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
}

/** Runs the container engine and returns its output; throws when it fails. */
function must(...args) {
  const { status, stdout, stderr } = engine(...args);
  if (status !== 0) throw new Error(`${ENGINE} ${args.join(' ')} exited with ${status}: ${stderr}`);
  return stdout;
}

let failed = 0;
function check(sentence, holds, seen) {
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${sentence}`);
  if (holds) return;
  failed += 1;
  console.log(seen);
}

async function answers(url, status) {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.status === status) return response;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} does not answer with ${status} within 20 s\n${engine('logs', name).stderr}`);
}

/** Subscribes to `items` over a WebSocket. `received` resolves with the keys once there are `count`, `closed` with the close code. */
async function subscribe(url) {
  const socket = new WebSocket(url, 'graphql-transport-ws');
  const closed = once(socket, 'close').then(([{ code }]) => code);
  const keys = [];
  const waiting = [];
  socket.addEventListener('message', ({ data }) => {
    const { type, payload } = JSON.parse(data);
    if (type === 'connection_ack')
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: 'subscription { items { key } }' } }));
    if (type !== 'next') return;
    keys.push(payload.data.items.key);
    waiting.shift()?.();
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  const received = async (count) => {
    while (keys.length < count) await new Promise((resolve) => waiting.push(resolve));
    return keys.join(' ');
  };
  return { received, closed };
}

const insert = (url, key) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: `mutation { insertItem(input: { key: "${key}", value: 1 }) { key } }` }),
  });

/** The origin at which a port of the container is published. */
const originOf = (port) => `http://${must('port', name, `${port}/tcp`).split('\n')[0]}`;

async function run() {
  const bare = engine('run', '--rm', image);
  check(
    'a bare run asks for --open or authentication in one line and exits with 2',
    bare.status === 2 && /--open/.test(bare.stderr) && !bare.stderr.includes('\n'),
    bare,
  );
  const files = must('run', '--rm', '--entrypoint', 'find', image, '/app', '-not', '-user', 'root');
  check('no file in /app belongs to the user that runs it', files === '', files);
  const packages = must('run', '--rm', '--entrypoint', 'ls', image, '/app/node_modules').split('\n');
  const superfluous = ['typescript', 'vitest', 'react', '@apollo', '@urql', 'rxjs', 'esbuild', 'vite'];
  const found = superfluous.filter((part) => packages.includes(part));
  check('the image has neither development packages nor the peers of clients', found.length === 0, found);
  check(
    'the image has the clients of NATS and Redis',
    ['@nats-io', 'ioredis', 'pg'].every((client) => packages.includes(client)),
    packages,
  );

  must('run', '--detach', '--name', name, ...HARD, '--publish', '127.0.0.1::4000', image, '--open');
  const origin = originOf(4000);
  await answers(`${origin}/ready`, 200);
  check('the server runs on a read-only file system, without capabilities', true);
  check('the server runs as uid 1000', must('exec', name, 'id', '-u') === '1000', must('exec', name, 'id'));
  const page = await fetch(`${origin}/graphql`, { headers: { accept: 'text/html' } });
  const html = await page.text();
  check('the image has GraphiQL', page.status === 200 && html.length > 1_000_000, html.slice(0, 200));

  const first = await fetch(`${origin}/`);
  const [, script] = /src="([^"]+\.js)"/.exec(await first.text()) ?? [];
  const loaded = await fetch(new URL(script ?? 'none', `${origin}/`));
  check('the image has the built console', loaded.status === 200, { page: first.status, script: loaded.status });

  await insert(`${origin}/graphql`, 'before');
  const reader = await subscribe(`${origin.replace('http', 'ws')}/graphql`);
  await reader.received(1);
  await insert(`${origin}/graphql`, 'after');
  const keys = await reader.received(2);
  check('a subscriber receives current and new items', keys === 'before after', keys);

  const [, health] = /HEALTHCHECK[^[]*(\[.*\])/.exec(readFileSync('Dockerfile', 'utf8'));
  const healthy = engine('exec', name, ...JSON.parse(health));
  check('the HEALTHCHECK exits with 0', healthy.status === 0, healthy);
  const elsewhere = engine('exec', '--env', 'SEAMLINE_PORT=4001', name, ...JSON.parse(health));
  check('the HEALTHCHECK exits with 1 where nothing listens', elsewhere.status === 1, elsewhere);

  must('kill', '--signal', 'TERM', name);
  const code = await reader.closed;
  const status = must('wait', name);
  check('SIGTERM closes sockets with 1012 and exits with 0', code === 1012 && status === '0', { code, status });
  must('rm', name);

  const environment = ['SEAMLINE_OPEN=true', 'SEAMLINE_PORT=5000', 'SEAMLINE_NO_GRAPHIQL=1'].flatMap((e) => ['-e', e]);
  must('run', '--detach', '--name', name, ...HARD, ...environment, '--publish', '127.0.0.1::5000', image);
  const other = originOf(5000);
  await answers(`${other}/ready`, 200);
  const none = await fetch(`${other}/graphql`, { headers: { accept: 'text/html' } });
  check('environment variables set flags', !none.headers.get('content-type')?.includes('html'), none.status);
  const sound = engine('exec', name, ...JSON.parse(health));
  check('the HEALTHCHECK reads the port from the environment', sound.status === 0, sound);
}

setTimeout(() => {
  console.log('FAILED to finish within a minute');
  engine('rm', '--force', name);
  process.exit(1);
}, 60_000).unref();
if (process.argv.length <= 2) must('build', '--tag', image, '.');
try {
  await run();
} finally {
  engine('rm', '--force', name);
}
const bytes = Number(must('image', 'inspect', '--format', '{{.Size}}', image));
console.log(`\n${image}: ${(bytes / 1e6).toFixed(0)} MB with its base`);
process.exit(failed === 0 ? 0 : 1);
