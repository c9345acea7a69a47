/** The rights of nodes and of writers. `PUBLIC` has none, and the owner of the schema all. */

/** What a node does with each table. */
const NODE_TABLES: Readonly<Record<string, readonly string[]>> = {
  schema_version: ['select'],
  streams: ['select', 'insert', 'update'],
  entries: ['select', 'insert', 'delete'],
  outbox: ['select', 'delete'],
  snapshots: ['select', 'insert', 'update', 'delete'],
  snapshot_pieces: ['select', 'insert', 'delete'],
  claims: ['select', 'insert', 'update', 'delete'],
};

const NODE_FUNCTIONS = ['last_sequence', 'append', 'trim'] as const;

const WRITER_FUNCTIONS = ['insert', 'remove'] as const;

export interface Grantees {
  readonly nodes: readonly string[];
  readonly writers: readonly string[];
}

/** Statements for the owner of the schema. */
export function grantsTo({ nodes, writers }: Grantees): string {
  return [
    ...nodes.flatMap((role) => [
      usageTo(role),
      ...Object.entries(NODE_TABLES).map(([table, rights]) =>
        grant(rights.join(', '), `table seamline.${table}`, role),
      ),
      ...executeTo(role, NODE_FUNCTIONS),
    ]),
    ...writers.flatMap((role) => [usageTo(role), ...executeTo(role, WRITER_FUNCTIONS)]),
  ].join('');
}

const usageTo = (role: string): string => grant('usage', 'schema seamline', role);

const executeTo = (role: string, functions: readonly string[]): readonly string[] =>
  functions.map((name) => grant('execute', `function seamline.${name}`, role));

const grant = (rights: string, object: string, role: string): string =>
  `grant ${rights} on ${object} to ${quoted(role)};\n`;

/** As an identifier, also for a name that is a keyword. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Selects each right of a node that the current role lacks, such as `insert on seamline.entries`. Needs the right to use the schema.
 * A table that is not there counts as one with all rights: other messages tell of it.
 */
export const MISSING_RIGHTS = `
select right_name || ' on ' || object
from (values ${[
  ...Object.entries(NODE_TABLES).flatMap(([table, rights]) =>
    rights.map(
      (right) => `('${right}', 'seamline.${table}', has_table_privilege(to_regclass('seamline.${table}'), '${right}'))`,
    ),
  ),
  ...NODE_FUNCTIONS.map(
    (name) =>
      `('execute', 'seamline.${name}', (select bool_and(has_function_privilege(oid, 'execute')) from pg_proc
        where pronamespace = to_regnamespace('seamline') and proname = '${name}'))`,
  ),
].join(', ')}) as needed (right_name, object, is_given)
where not is_given`;
