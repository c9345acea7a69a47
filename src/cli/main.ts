#!/usr/bin/env -S node --max-semi-space-size=8 --heap-growing-percent=30 --external-memory-accounted-in-global-limit
// The flags keep V8 from letting 134 MB of young garbage and as much of old lie on top of the items; they cost a fifth of
// the insertion rate. `npm start` and the Dockerfile pass the same.
import { UsageError } from './flags.ts';
import { serve, SERVE_HELP } from './serve.ts';
import { runVerify, VERIFY_HELP } from './verify.ts';

const HELP = `seamline: what is there now, and then everything that changes

  seamline [serve]   runs the server (--help for its flags)
  seamline verify    holds a running server to what is promised
`;

/** The exit code: 0 done, 1 failed, 2 called wrongly. */
async function run([first = 'serve', ...rest]: readonly string[]): Promise<number> {
  const isFlag = first.startsWith('-');
  const [command, args] = isFlag ? ['serve', [first, ...rest]] : [first, rest];
  try {
    const isHelp = args.includes('--help') || args.includes('-h');
    if (command === 'serve') {
      if (isHelp) console.log(isFlag ? `${HELP}\n${SERVE_HELP}` : SERVE_HELP);
      else await serve(args);
      return 0;
    }
    if (command === 'verify') {
      if (!isHelp) return await runVerify(args);
      console.log(VERIFY_HELP);
      return 0;
    }
    throw new UsageError(`unknown command ${JSON.stringify(command)}`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`seamline: ${message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

process.exit(await run(process.argv.slice(2)));
