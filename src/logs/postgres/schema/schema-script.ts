/**
 * The schema `seamline` in a database, as steps: a database that has some of them gets the others. A step that was released is never changed.
 * Functions name everything with its schema and have a `search_path` of their own, so nobody can put something else in its place.
 *
 *     streams           a row for each log: its epoch, and its first sequence
 *     entries           the commands of the logs
 *     outbox            what transactions have inserted and removed, until a node appends it
 *     snapshots, snapshot_pieces
 *     claims            which node builds a snapshot
 */
import { NODE_FUNCTIONS } from './node-functions.ts';
import { TABLES } from './tables.ts';
import { WRITER_FUNCTIONS } from './writer-functions.ts';

export interface Step {
  readonly sql: string;
  /** Nodes that know the steps up to this one can use the schema still. */
  readonly oldest: number;
}

/** `execute` gets it between `$ddl$` marks, so functions have other marks. */
const STEP_1 = `${TABLES}${NODE_FUNCTIONS}${WRITER_FUNCTIONS}
revoke all on all functions in schema seamline from public;
`;

export const STEPS: readonly Step[] = [{ sql: STEP_1, oldest: 1 }];

/** Only one node at a time creates or upgrades the schema: the bytes of `seamline` as a number. */
const LOCK = 0x7365616d6c696en;

/** A script for psql, or for one request: creates the schema, or adds what it lacks. */
export function schemaScript(steps: readonly Step[] = STEPS): string {
  const guarded = steps.map(
    ({ sql, oldest }, at) => `do $step$
begin
  if (select version from seamline.schema_version) < ${at + 1} then
    execute $ddl$${sql}$ddl$;
    update seamline.schema_version set version = ${at + 1}, oldest = ${oldest};
  end if;
end
$step$;
`,
  );
  return `begin;
set local client_min_messages = warning;
set local search_path = pg_catalog, pg_temp;
select pg_advisory_xact_lock(${LOCK});
create schema if not exists seamline;
create table if not exists seamline.schema_version (
  id boolean primary key default true check (id),
  version integer not null,
  oldest integer not null
);
insert into seamline.schema_version (version, oldest) values (0, 0) on conflict do nothing;
${guarded.join('')}commit;
`;
}
