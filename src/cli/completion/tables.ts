/** What shells complete, from the flag tables that the commands parse with. */
import type { Flag, Flags } from '../process/arguments.ts';
import {
  BENCH_FLAGS,
  COLLECTION_FLAGS,
  POSTGRES_SCHEMA_FLAGS,
  REMOVE_FLAGS,
  TAIL_FLAGS,
  VERIFY_FLAGS,
} from '../process/command-flags.ts';
import { type CommandName, COMMANDS } from '../process/command-names.ts';
import { SCHEMA_FLAGS, SERVE_FLAGS } from '../process/flags.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

/** What a value or an operand is completed by. `none`: nothing is known about it. */
export type Completer = 'none' | 'files' | 'directories' | readonly string[];

export interface CompletedFlag {
  readonly name: string;
  readonly help: string;
  readonly isRepeatable: boolean;
  /** Undefined for a switch. */
  readonly value: { readonly placeholder: string; readonly completer: Completer } | undefined;
}

export interface CompletedCommand {
  readonly name: CommandName;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  readonly operands: Completer;
}

const TABLES: Readonly<Record<CommandName, { readonly flags: Flags; readonly operands?: Completer }>> = {
  serve: { flags: SERVE_FLAGS },
  insert: { flags: COLLECTION_FLAGS, operands: 'files' },
  get: { flags: COLLECTION_FLAGS },
  remove: { flags: REMOVE_FLAGS },
  tail: { flags: TAIL_FLAGS },
  bench: { flags: BENCH_FLAGS },
  verify: { flags: VERIFY_FLAGS },
  schema: { flags: SCHEMA_FLAGS },
  'postgres-schema': { flags: POSTGRES_SCHEMA_FLAGS },
  completion: { flags: {}, operands: SHELLS },
  help: { flags: {}, operands: Object.keys(COMMANDS) },
};

const HELP_FLAG: CompletedFlag = {
  name: 'help',
  help: 'print the help of the command',
  isRepeatable: false,
  value: undefined,
};

export const COMPLETED: readonly CompletedCommand[] = (Object.keys(COMMANDS) as CommandName[]).map((name) => {
  const { flags, operands = 'none' } = TABLES[name];
  const completed = Object.entries<Flag>(flags).map(([flag, details]) => completedFlag(flag, details));
  return { name, summary: COMMANDS[name], flags: name === 'help' ? [] : [...completed, HELP_FLAG], operands };
});

function completedFlag(name: string, { help, value, multiple, choices }: Flag): CompletedFlag {
  const isRepeatable = multiple === true;
  if (value === undefined) return { name, help, isRepeatable, value };
  const named = value === 'DIR' ? 'directories' : 'none';
  const completer = choices ?? (value === 'FILE' ? 'files' : named);
  return { name, help, isRepeatable, value: { placeholder: value, completer } };
}
