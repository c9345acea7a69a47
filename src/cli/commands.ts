/** The commands of `seamline`: chooses one, runs it, and turns errors into exit codes. */
import { readFileSync } from 'node:fs';
import { UsageError } from './process/arguments.ts';
import { type CommandName, COMMANDS, isCommand } from './process/command-names.ts';
import { useFrugalHeap } from './process/heap.ts';
import { whyNotLoaded } from './process/open-files.ts';
import { nearest } from './process/suggestions.ts';

interface Command {
  readonly HELP: string;
  /** Resolves with the exit code. Throws `UsageError`. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** A command is loaded only when it runs, because most of them need no server. */
const LOADERS: Readonly<Record<Exclude<CommandName, 'help'>, () => Promise<Command>>> = {
  serve: loadServe,
  insert: () => import('./insert/insert.ts'),
  get: () => import('./get.ts'),
  remove: () => import('./remove.ts'),
  tail: () => import('./tail.ts'),
  bench: () => import('./bench.ts'),
  verify: () => import('./verify.ts'),
  schema: () => import('./schema.ts'),
  'postgres-schema': () => import('./postgres-schema.ts'),
  completion: () => import('./completion/completion.ts'),
};

const WIDTH = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
const HELP = `seamline: a GraphQL subscription server that delivers the current items, then every change

${Object.entries(COMMANDS)
  .map(([name, summary]) => `  seamline ${name.padEnd(WIDTH)}  ${summary}`)
  .join('\n')}

\`seamline help COMMAND\` or \`seamline COMMAND --help\` prints the help of a command, \`seamline --version\` the version.
`;

/** Resolves with the exit code: 0 on success, 1 on failure, 2 on wrong usage. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    return await runCommand(args);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`seamline: ${message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function runCommand([first = 'serve', ...rest]: readonly string[]): Promise<number> {
  if (first === '--version' && rest.length === 0) return print(version());
  if (first === 'help') return print(await helpFor(rest));
  const isFlag = first.startsWith('-');
  const args = isFlag ? [first, ...rest] : rest;
  const command = await LOADERS[isFlag ? 'serve' : commandOf(first)]();
  if (!isHelpAsked(args)) return command.run(args);
  return print(isFlag ? `${HELP}\n${command.HELP}` : command.HELP);
}

/** The help of a command, or of all. Throws `UsageError`. */
async function helpFor([name = 'help', ...others]: readonly string[]): Promise<string> {
  if (others.length > 0) throw new UsageError(`help takes one COMMAND, not ${others.length + 1}`);
  if (name === 'help' || name.startsWith('-')) return HELP;
  return (await LOADERS[commandOf(name)]()).HELP;
}

/** Throws `UsageError`. */
function commandOf(name: string): keyof typeof LOADERS {
  if (isCommand(name) && name !== 'help') return name;
  const names = Object.keys(COMMANDS);
  const suggestion = nearest(name, names);
  const advice = suggestion === undefined ? `must be one of ${names.join(', ')}` : `did you mean ${suggestion}?`;
  throw new UsageError(`unknown command ${JSON.stringify(name)}: ${advice}`);
}

/** Everything after `--` is an operand, such as a key. */
function isHelpAsked(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const flags = end === -1 ? args : args.slice(0, end);
  return flags.includes('--help') || flags.includes('-h');
}

function print(text: string): number {
  console.log(text);
  return 0;
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
