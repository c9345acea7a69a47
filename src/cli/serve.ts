import { FileLogError } from '../logs/file/disk/errors.ts';
import { DEFAULTS } from '../server/options.ts';
import { createServer, type SeamlineServer } from '../server/server.ts';
import { UsageError } from './process/arguments.ts';
import { flagsHelp, parseServeFlags } from './process/flags.ts';
import { onEnding } from './process/signals.ts';
import { loading } from './process/loading.ts';
import { createLogger } from './process/logger.ts';
import { tooFewFiles } from './process/open-files.ts';

export const HELP = `seamline serve: runs the server

  seamline serve --port 4100 --max-items 10000

${flagsHelp()}

Each flag has an environment variable: --max-items is SEAMLINE_MAX_ITEMS (and --port also PORT).
`;

/** Serves until SIGTERM, SIGINT or SIGHUP, then drains; a second one exits at once. */
export async function run(args: readonly string[]): Promise<number> {
  const { logLevel, ...options } = parseServeFlags(args, process.env);
  const logger = await createLogger({ level: logLevel });
  const warning = tooFewFiles(options.maxConnections ?? DEFAULTS.maxConnections);
  if (warning !== undefined) logger.warn({}, warning);
  const server = await start({ ...options, logger });
  // Before anybody knows that it is ready, and may end it.
  const stopped = new Promise<void>((resolve, reject) => {
    onEnding(
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
    return await loading((onLoading) => createServer({ ...options, onLoading }));
  } catch (error) {
    if (error instanceof FileLogError && error.trouble === 'damaged')
      throw new Error(`${error.message} (--repair goes on with what is sound before it)`, { cause: error });
    if (error instanceof RangeError)
      throw new UsageError(error.message.replace('pass open, jwks, jwtSecret', 'pass --open, --jwks, --jwt-secret'));
    throw error;
  }
}
