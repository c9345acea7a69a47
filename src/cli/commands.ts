/** The commands of `seamline`: chooses one, runs it, and turns errors into exit codes. */
import { readFileSync } from 'node:fs';
import { UsageError } from './process/arguments.ts';
import { useFrugalHeap } from './process/heap.ts';
import { whyNotLoaded } from './process/open-files.ts';

interface Command {
  readonly HELP: string;
  /** Resolves with the exit code. Throws `UsageError`. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** A command is loaded only when it runs, because most of them need no server. */
const COMMANDS: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
  serve: { summary: 'runs the server (the default)', load: loadServe },
  insert: { summary: 'inserts items from a file or stdin', load: () => import('./insert/insert.ts') },
  tail: { summary: 'prints the current items, then every change', load: () => import('./tail.ts') },
  bench: { summary: 'measures a running server', load: () => import('./bench.ts') },
  verify: { summary: 'checks the guarantees against a running server', load: () => import('./verify.ts') },
};

const HELP = `seamline: a GraphQL subscription server that delivers the current items, then every change

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  seamline ${name.padEnd(8)}  ${summary}`)
  .join('\n')}

\`seamline <command> --help\` prints the help of a command, \`seamline --version\` the version.
`;

/** Resolves with the exit code: 0 on success, 1 on failure, 2 on wrong usage. */
export async function run([first = 'serve', ...rest]: readonly string[]): Promise<number> {
  const isFlag = first.startsWith('-');
  const [name, args] = isFlag ? ['serve', [first, ...rest]] : [first, rest];
  try {
    if (first === '--version' && rest.length === 0) {
      console.log(version());
      return 0;
    }
    const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!entry)
      throw new UsageError(
        `unknown command ${JSON.stringify(name)}: must be one of ${Object.keys(COMMANDS).join(', ')}`,
      );
    const command = await entry.load();
    if (!args.includes('--help') && !args.includes('-h')) return await command.run(args);
    console.log(isFlag ? `${HELP}\n${command.HELP}` : command.HELP);
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`seamline: ${message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function loadServe(): Promise<Command> {
  // Must come before the server's modules: the heap would grow while they are loaded.
  useFrugalHeap();
  return import('./serve.ts').catch((error: unknown) => {
    throw whyNotLoaded(error);
  });
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
