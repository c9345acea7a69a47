/** `seamline schema`: prints the schema of a server, for code generators. */
import { buildSchema, type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { createSchema } from '../../schema/index.ts';
import type { SdlDefinition } from '../../schema/sdl/definition.ts';
import { definitionIn } from '../server/collections/definition.ts';
import { helpOf, parseArguments } from './process/arguments.ts';
import { namesOfOptions, parseServeFlags, SCHEMA_FLAGS } from './process/flags.ts';
import { explainStart } from './start-errors.ts';

export const HELP = `seamline schema: prints the GraphQL schema that clients see

  seamline schema --schema schema.graphql > seamline.graphql

Prints SDL, sorted by name, for code generators and editors. Needs no running server.

${helpOf(SCHEMA_FLAGS)}

SEAMLINE_SCHEMA and SEAMLINE_FEDERATION stand for the flags, as they do for \`seamline serve\`.
`;

interface Described {
  readonly definition: SdlDefinition | undefined;
  readonly federation: boolean | undefined;
}

/** Resolves with the exit code. Throws `UsageError`. */
export function run(args: readonly string[]): Promise<number> {
  // The parser of serve knows more flags than these.
  parseArguments(args, SCHEMA_FLAGS);
  const { SEAMLINE_SCHEMA, SEAMLINE_FEDERATION } = process.env;
  const env = { SEAMLINE_SCHEMA, SEAMLINE_FEDERATION };
  const { logLevel: _, ...options } = parseServeFlags(args, env);
  try {
    const schema = schemaOf({ definition: definitionIn(options.schema), federation: options.federation });
    process.stdout.write(`${sorted(printSchema(schema))}\n`);
  } catch (error) {
    throw explainStart(error, { options, names: namesOfOptions(args, env) });
  }
  return Promise.resolve(0);
}

const schemaOf = createSchema as unknown as (described: Described) => GraphQLSchema;

/** Builds the printed schema again, because graphql-js cannot sort a schema whose Float is not its own. */
const sorted = (sdl: string): string => printSchema(lexicographicSortSchema(buildSchema(sdl)));
