/** The commands and what each does, in the order of the help. */
export const COMMANDS = {
  serve: 'runs the server (the default)',
  insert: 'inserts items from a file or stdin',
  get: 'prints the items with these keys',
  remove: 'removes the items with these keys',
  tail: 'prints the current items, then every change',
  bench: 'measures a running server',
  verify: 'checks the guarantees against a running server',
  schema: 'prints the GraphQL schema that clients see',
  'postgres-schema': 'prints the SQL that creates or upgrades the schema for --postgres',
  completion: 'prints a script that completes commands and flags in a shell',
  help: 'prints the help of a command',
} as const;

export type CommandName = keyof typeof COMMANDS;

export const isCommand = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name);
