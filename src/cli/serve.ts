import { FileLogError } from '../logs/file/disk/errors.ts';
import { DEFAULTS } from '../server/options.ts';
import { createServer, type SeamlineServer } from '../server/server.ts';
import { UsageError } from './process/arguments.ts';
import { flagsHelp, parseServeFlags } from './process/flags.ts';
import { onEndSignal } from './process/signals.ts';
import { withLoadProgress } from './process/load-progress.ts';
import { createLogger } from './process/logger.ts';
import { tooFewFiles } from './process/open-files.ts';

export const HELP = `seamline serve: runs the server

  seamline serve --port 4100 --max-items 10000

${flagsHelp()}

Each flag can be set by an environment variable: --max-items by SEAMLINE_MAX_ITEMS, --port also by PORT.
`;

/** Serves until SIGTERM, SIGINT or SIGHUP, then drains. A second signal exits at once. */
export async function run(args: readonly string[]): Promise<number> {
  const { logLevel, ...options } = parseServeFlags(args, process.env);
  const logger = await createLogger({ level: logLevel });
  const warning = tooFewFiles(options.maxConnections ?? DEFAULTS.maxConnections);
  if (warning !== undefined) logger.warn({}, warning);
  const server = await start({ ...options, logger });
  // Must come before the ready message: a parent may send a signal as soon as it reads that.
  const stopped = new Promise<void>((resolve, reject) => {
    onEndSignal(
      () => void server.drain().then(resolve, reject),
      () => process.exit(1),
    );
  });
  const page = options.console ? `\n  console               ${new URL('/', server.url).href}` : '';
  console.log(`seamline is ready
  GraphQL and GraphiQL  ${server.url}
  subscriptions         ${server.webSocketUrl}${page}`);
  await stopped;
  return 0;
}

async function start(options: Parameters<typeof createServer>[0]): Promise<SeamlineServer> {
  try {
    if (options?.data === undefined) return await createServer(options);
    return await withLoadProgress((onLoading) => createServer({ ...options, onLoading }));
  } catch (error) {
    if (error instanceof FileLogError && error.trouble === 'damaged')
      throw new Error(`${error.message} (pass --repair to open it with the sound part before the damage)`, {
        cause: error,
      });
    if (error instanceof RangeError)
      throw new UsageError(error.message.replace('pass open, jwks, jwtSecret', 'pass --open, --jwks, --jwt-secret'));
    throw error;
  }
}
