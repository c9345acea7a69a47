// Runs an example together with a seamline server until SIGINT, SIGTERM or SIGHUP: `npm run example -- apollo-react`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, preview } from 'vite';
import { createServer } from '../src/index.ts';

const EXAMPLES = {
  'apollo-react': 'Apollo Client and React: a list that mirrors the map, and a form',
  'urql-react': 'urql, Graphcache and React: the same',
  'typed-apollo-react': 'quotes of an SDL file, with Apollo Client, React and typed documents',
  'event-source': 'a browser’s EventSource, without a library',
  'node-service': 'a Node service that counts each item exactly once, even when it is killed',
  'pothos-yoga': 'a Pothos and Yoga server with a typed stream, in ten lines',
};

/** This example is a server itself. */
const OWN_SERVER = 'pothos-yoga';

const USAGE = `npm run example -- NAME [--port PORT] [--page-port PORT] [--data DIR]

${Object.entries(EXAMPLES)
  .map(([name, what]) => `  ${name.padEnd(18)} ${what}`)
  .join('\n')}

  --port       port of the server (default 4000; 0 for any free port)
  --page-port  port of the page, for examples with a page (default 5173; 0 for any free port)
  --data       directory for the data of node-service and its server (default .cache/examples/node-service)
`;

class UsageError extends Error {}

function readArguments() {
  const options = {
    port: { type: 'string', default: '4000' },
    'page-port': { type: 'string', default: '5173' },
    data: { type: 'string' },
  };
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const [name = '', ...rest] = positionals;
    if (!Object.hasOwn(EXAMPLES, name) || rest.length > 0)
      throw new Error(`expected the name of one example, got ${JSON.stringify(positionals.join(' '))}`);
    const [port, pagePort] = [values.port, values['page-port']].map(Number);
    if (![port, pagePort].every((number) => Number.isInteger(number) && number >= 0 && number < 65_536))
      throw new Error('a port must be a whole number from 0 to 65535');
    return { name, port, pagePort, data: values.data };
  } catch (error) {
    throw new UsageError(error.message, { cause: error });
  }
}

const root = fileURLToPath(new URL('..', import.meta.url));

async function run({ name, port, pagePort, data }) {
  const folder = join(root, 'examples', name);
  const cache = join(root, '.cache/examples', name);
  if (name === OWN_SERVER) {
    console.log(name);
    const running = runProgram(join(folder, 'main.ts'), [String(port)]);
    await Promise.race([running.ended, ending()]);
    return running.stop();
  }
  const isPage = existsSync(join(folder, 'index.html'));
  const kept = data ?? cache;
  const schema = join(folder, 'quotes.graphql');
  const server = await createServer({
    port,
    ...(existsSync(schema) && { schema }),
    ...(!isPage && { data: join(kept, 'log') }),
  });
  console.log(`${name}\n  server  ${server.url}`);
  const running = isPage
    ? await showPage(folder, cache, pagePort, server.url)
    : runProgram(join(folder, 'main.ts'), [server.webSocketUrl, join(kept, 'totals.json')]);
  await Promise.race([running.ended, ending()]);
  await running.stop();
  await server.drain();
}

/** Serves the page. As behind a proxy in production, page and server have the same origin: requests to /graphql are forwarded. */
async function showPage(folder, cache, port, server) {
  const shared = { root: folder, base: './', configFile: false, logLevel: 'silent', build: { outDir: cache } };
  await build({ ...shared, build: { outDir: cache, emptyOutDir: true } });
  const proxy = { '/graphql': { target: new URL(server).origin, ws: true } };
  const shown = await preview({ ...shared, preview: { host: '127.0.0.1', port, strictPort: port !== 0, proxy } });
  // Vite's handler ends the process at once.
  process.removeAllListeners('SIGTERM');
  console.log(`  page    ${shown.resolvedUrls.local[0]}`);
  return { ended: new Promise(() => {}), stop: () => shown.close() };
}

function runProgram(file, args) {
  const child = spawn(process.execPath, [...process.execArgv, file, ...args], { stdio: 'inherit' });
  const ended = once(child, 'exit').then(([code]) => {
    process.exitCode = code ?? 1;
  });
  return {
    ended,
    async stop() {
      // The program may have been killed: the example shows that.
      if (!child.kill('SIGTERM')) return;
      await ended;
      process.exitCode = 0;
    },
  };
}

/** Resolves at the first signal. Later ones change nothing, because several parents may forward the same signal. */
const ending = () =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, resolve);
  });

try {
  await run(readArguments());
  process.exit();
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : error.message);
  process.exit(error instanceof UsageError ? 2 : 1);
}
