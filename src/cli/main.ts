#!/usr/bin/env -S node --max-semi-space-size=8 --heap-growing-percent=30 --external-memory-accounted-in-global-limit
// The flags keep V8 from letting 134 MB of young garbage and as much of old lie on top of the items; they cost a fifth of
// the insertion rate. `npm start` and the Dockerfile pass the same.
import { UsageError } from './flags.ts';
import { serve, SERVE_HELP } from './serve.ts';

const HELP = `seamline: what is there now, and then everything that changes

  seamline [serve]   runs the server (--help for its flags)
`;

/** The exit code: 0 done, 1 failed, 2 called wrongly. */
async function run([first = 'serve', ...rest]: readonly string[]): Promise<number> {
  const isFlag = first.startsWith('-');
  const [command, args] = isFlag ? ['serve', [first, ...rest]] : [first, rest];
  try {
    if (command !== 'serve') throw new UsageError(`unknown command ${JSON.stringify(command)}`);
    if (args.includes('--help') || args.includes('-h')) console.log(isFlag ? `${HELP}\n${SERVE_HELP}` : SERVE_HELP);
    else await serve(args);
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`seamline: ${message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

process.exit(await run(process.argv.slice(2)));
