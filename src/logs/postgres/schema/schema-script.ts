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
import { VALUE_CHECK } from './value-check.ts';
import { WRITER_FUNCTIONS } from './writer-functions.ts';

export interface Step {
  readonly sql: string;
  /** Nodes that know the steps up to this one can use the schema still. */
  readonly oldest: number;
}

/** `execute` gets it between `$ddl$` marks, so functions have other marks. */
const STEP_1 = `${TABLES}${NODE_FUNCTIONS}${VALUE_CHECK}${WRITER_FUNCTIONS}`;

export const STEPS: readonly Step[] = [{ sql: STEP_1, oldest: 1 }];

/** Only one node at a time creates or upgrades the schema: the bytes of `seamline` as a number. */
const LOCK = 0x7365616d6c696en;

export interface ScriptOptions {
  /** @default those of this version */
  readonly steps?: readonly Step[];
  /** Statements that come after the steps, in the same transaction. @default none */
  readonly grants?: string;
}

/**
 * A script for psql, or for one request: creates the schema, or adds what it lacks. All of it is one transaction, which sees what was committed
 * before it got the lock. A schema that exists is upgraded with the rights of its owner, so a superuser neither becomes the owner of functions
 * in it, nor runs triggers of somebody who has created it before.
 */
export function schemaScript({ steps = STEPS, grants = '' }: ScriptOptions = {}): string {
  const guarded = steps.map(
    ({ sql, oldest }, at) => `do $step$
begin
  if (select version from seamline.schema_version) < ${at + 1} then
    execute $ddl$${sql}$ddl$;
    revoke all on all functions in schema seamline from public;
    update seamline.schema_version set version = ${at + 1}, oldest = ${oldest};
  end if;
end
$step$;
`,
  );
  return `begin transaction isolation level read committed, read write;
set local client_encoding = 'UTF8';
set local client_min_messages = warning;
set local search_path = pg_catalog, pg_temp;
do $schema$
declare
  owner name;
begin
  perform pg_advisory_xact_lock(${LOCK});
  select rolname into owner from pg_namespace join pg_roles on pg_roles.oid = nspowner where nspname = 'seamline';
  if owner is null then
    create schema seamline;
  elsif owner <> current_user then
    perform set_config('role', owner, true);
  end if;
  create table if not exists seamline.schema_version (
    id boolean primary key default true check (id),
    version integer not null,
    oldest integer not null
  );
  insert into seamline.schema_version (version, oldest) values (0, 0) on conflict do nothing;
end
$schema$;
${guarded.join('')}${grants}commit;
`;
}
