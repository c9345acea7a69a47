/** `seamline postgres-schema`: prints the SQL of the schema on PostgreSQL, for roles that may not create it themselves. */
import { grantsTo } from '../logs/postgres/schema/roles.ts';
import { schemaScript } from '../logs/postgres/schema/schema-script.ts';
import { helpOf, parseArguments, UsageError } from './process/arguments.ts';
import { POSTGRES_SCHEMA_FLAGS } from './process/command-flags.ts';

export const HELP = `seamline postgres-schema: prints the SQL that creates or upgrades the schema for --postgres

  seamline postgres-schema --node shop_node --writer shop_writer | psql -v ON_ERROR_STOP=1 DATABASE

The first start of a server runs the SQL itself, if its role may. It needs the right to create a schema in the database, and no superuser.
A schema that is there already is upgraded as its owner. Running it again changes nothing. The roles must exist.

${helpOf(POSTGRES_SCHEMA_FLAGS)}
`;

/** PostgreSQL cuts off longer names, which may then be those of other roles. */
const MAX_NAME_BYTES = 63;

/** Resolves with the exit code. Throws `UsageError`. */
export function run(args: readonly string[]): Promise<number> {
  const { values } = parseArguments(args, POSTGRES_SCHEMA_FLAGS);
  const { node: nodes = [], writer: writers = [] } = values;
  assertRoles('--node', nodes);
  assertRoles('--writer', writers);
  // `npm start` prints the command first: the semicolon ends what psql would otherwise take for a part of the first statement.
  process.stdout.write(`;\n${schemaScript({ grants: grantsTo({ nodes, writers }) })}`);
  return Promise.resolve(0);
}

/** Throws `UsageError`. */
function assertRoles(flag: string, roles: readonly string[]): void {
  for (const role of roles)
    if (role === '' || !role.isWellFormed() || Buffer.byteLength(role) > MAX_NAME_BYTES)
      throw new UsageError(
        `${flag}: must be a role, a name of 1 to ${MAX_NAME_BYTES} bytes, not ${JSON.stringify(role)}`,
      );
}
