/** `seamline schema`: prints the schema of a server, for code generators. */
import { buildSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { federationSdl } from '../../schema/federation/federation-sdl.ts';
import { createSchema } from '../../schema/index.ts';
import { ITEMS } from '../../schema/sdl/definition.ts';
import { definitionIn } from '../server/collections/definition.ts';
import { helpOf, parseArguments } from './process/arguments.ts';
import { namesOfOptions, parseServeFlags, SCHEMA_FLAGS } from './process/flags.ts';
import { explainStart } from './start-errors.ts';

export const HELP = `seamline schema: prints the GraphQL schema that clients see

  seamline schema --schema schema.graphql > seamline.graphql

Prints SDL, sorted by name, for code generators and editors. Needs no running server. With --federation it prints the SDL for composition.

${helpOf(SCHEMA_FLAGS)}

SEAMLINE_SCHEMA and SEAMLINE_FEDERATION stand for the flags, as they do for \`seamline serve\`.
`;

/** Resolves with the exit code. Throws `UsageError`. */
export function run(args: readonly string[]): Promise<number> {
  // The parser of serve knows more flags than these.
  parseArguments(args, SCHEMA_FLAGS);
  const { SEAMLINE_SCHEMA, SEAMLINE_FEDERATION } = process.env;
  const env = { SEAMLINE_SCHEMA, SEAMLINE_FEDERATION };
  const { logLevel: _, ...options } = parseServeFlags(args, env);
  try {
    const definition = definitionIn(options.schema);
    const schema = createSchema({ definition });
    process.stdout.write(
      options.federation
        ? federationSdl(schema, definition?.collections ?? [ITEMS])
        : `${sorted(printSchema(schema))}\n`,
    );
  } catch (error) {
    throw explainStart(error, { options, names: namesOfOptions(args, env) });
  }
  return Promise.resolve(0);
}

/** Builds the printed schema again, because graphql-js cannot sort a schema whose Float is not its own. */
const sorted = (sdl: string): string => printSchema(lexicographicSortSchema(buildSchema(sdl)));
