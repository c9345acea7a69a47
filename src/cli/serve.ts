import type { Bounds } from '../core/model/command.ts';
import { DEFAULT_BOUNDS } from '../core/replication/bootstrap.ts';
import { definitionIn } from '../server/collections/definition.ts';
import { boundsOf } from '../server/collections/open-maps.ts';
import { DEFAULTS, type ServerOptions } from '../server/options.ts';
import { createServer, type SeamlineServer } from '../server/server.ts';
import { tooSmallHeap } from './process/memory-needs.ts';
import { logConsole } from './process/console-lines.ts';
import { flagsHelp, namesOfOptions, parseServeFlags } from './process/flags.ts';
import { onEndSignal } from './process/signals.ts';
import { withLoadProgress } from './process/load-progress.ts';
import { createLogger } from './process/logger.ts';
import { tooFewFiles } from './process/open-files.ts';
import { explainStart } from './start-errors.ts';

export const HELP = `seamline serve: runs the server

  seamline serve --port 4100 --max-items 10000

${flagsHelp()}

Each flag can be set by an environment variable: --max-items by SEAMLINE_MAX_ITEMS, --port also by PORT.
`;

/** Serves until SIGTERM, SIGINT or SIGHUP, then drains. A second signal exits at once. */
export async function run(args: readonly string[]): Promise<number> {
  const { logLevel, ...options } = parseServeFlags(args, process.env);
  const logger = await createLogger({ level: logLevel });
  logConsole(logger);
  const { maxConnections = DEFAULTS.maxConnections } = options;
  const explain = (error: unknown): never => {
    throw explainStart(error, { options, names: namesOfOptions(args, process.env) });
  };
  const maps = await mapBounds(options).catch(explain);
  const heap = tooSmallHeap({ maps, maxConnections });
  for (const warning of [tooFewFiles(maxConnections), heap]) if (warning !== undefined) logger.warn({}, warning);
  const server = await start({ ...options, logger }).catch(explain);
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

/** The bounds of each map, by the SDL file and the flags. */
async function mapBounds({ schema, ...options }: ServerOptions): Promise<Bounds[]> {
  const collections = definitionIn(schema)?.collections ?? [{}];
  return collections.map((own) => {
    const { maxBytes, maxItems, window } = boundsOf(own, options);
    return {
      maxBytes: maxBytes ?? DEFAULT_BOUNDS.maxBytes,
      maxItems: maxItems ?? DEFAULT_BOUNDS.maxItems,
      window: window ?? DEFAULT_BOUNDS.window,
    };
  });
}

function start(options: ServerOptions): Promise<SeamlineServer> {
  if (options.data === undefined) return createServer(options);
  return withLoadProgress((onLoading) => createServer({ ...options, onLoading }));
}
