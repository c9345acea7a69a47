/** The commands of `seamline`, and what each of them ends with. */
import { readFileSync } from 'node:fs';
import { UsageError } from './process/arguments.ts';
import { useFrugalHeap } from './process/heap.ts';
import { whyNotLoaded } from './process/open-files.ts';

interface Command {
  readonly HELP: string;
  /** The exit code. Throws `UsageError`. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** Each loaded only when it is called: the others need no server. */
const COMMANDS: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
  serve: { summary: 'runs the server (the default)', load: loadServe },
  insert: { summary: 'inserts items from a file or a pipe', load: () => import('./insert/insert.ts') },
  tail: { summary: 'prints what is there now, and then everything that changes', load: () => import('./tail.ts') },
  bench: { summary: 'measures a running server', load: () => import('./bench.ts') },
  verify: { summary: 'holds a running server to what is promised', load: () => import('./verify.ts') },
};

const HELP = `seamline: what is there now, and then everything that changes

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  seamline ${name.padEnd(8)}  ${summary}`)
  .join('\n')}

\`seamline <command> --help\` says more; \`seamline --version\` says which version this is.
`;

/** The exit code: 0 done, 1 failed, 2 called wrongly. */
export async function run([first = 'serve', ...rest]: readonly string[]): Promise<number> {
  const isFlag = first.startsWith('-');
  const [name, args] = isFlag ? ['serve', [first, ...rest]] : [first, rest];
  try {
    if (first === '--version' && rest.length === 0) {
      console.log(version());
      return 0;
    }
    const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!entry) throw new UsageError(`unknown command ${JSON.stringify(name)}`);
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
  // Before the server's modules, which would let the heap grow while they are loaded.
  useFrugalHeap();
  return import('./serve.ts').catch((error: unknown) => {
    throw whyNotLoaded(error);
  });
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
