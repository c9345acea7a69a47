/** Dead rows go soon: vacuum works often, and does little each time. */
const BUSY = `(
  autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_insert_scale_factor = 0.05,
  autovacuum_vacuum_cost_delay = 0,
  toast.autovacuum_vacuum_threshold = 1000, toast.autovacuum_vacuum_scale_factor = 0.05,
  toast.autovacuum_vacuum_cost_delay = 0
)`;

export const TABLES = `
create table seamline.streams (
  id integer generated always as identity primary key,
  name text collate "C" not null unique check (name ~ '^[A-Za-z0-9_-]{1,200}$'),
  epoch text collate "C" not null check (epoch ~ '^[0-9a-z]{12}$'),
  first_sequence bigint not null default 1,
  sequences_used bigint not null default 0,
  deletions bigint not null default 0,
  max_value_bytes integer not null default 65536,
  default_ttl integer,
  shape jsonb
);
comment on column seamline.streams.first_sequence is 'the entries before it have been trimmed';
comment on column seamline.streams.sequences_used is
  'how many had been used when entries were last deleted by hand: none is used twice';
comment on column seamline.streams.deletions is 'how often entries were deleted by hand: nodes count them again';
comment on column seamline.streams.shape is 'of the values that seamline.insert takes; null: any JSON';

create table seamline.entries (
  stream_id integer not null,
  sequence bigint not null,
  time bigint not null,
  command_id text collate "C",
  data bytea not null,
  primary key (stream_id, sequence)
) with ${BUSY};
alter table seamline.entries alter column data set storage external;
comment on column seamline.entries.time is 'in milliseconds since 1970';
comment on column seamline.entries.command_id is 'of a transaction, whose data is the body of a command; null: data is a whole command';

create table seamline.outbox (
  id bigint generated always as identity,
  stream_id integer not null,
  xid xid8 not null,
  key text collate "C" not null,
  value text collate "C",
  ttl integer
) with ${BUSY};
create index outbox_by_transaction on seamline.outbox (stream_id, xid);
comment on column seamline.outbox.value is 'JSON; null: a removal';

create table seamline.snapshots (
  id text collate "C" primary key,
  stream_id integer not null,
  format integer not null,
  sequence bigint not null,
  command_id text not null,
  bytes bigint not null,
  pieces integer not null,
  digest text not null,
  published boolean not null default false,
  made_at timestamptz not null default clock_timestamp()
);
create table seamline.snapshot_pieces (
  snapshot_id text collate "C" not null,
  number integer not null,
  data bytea not null,
  primary key (snapshot_id, number)
) with ${BUSY};
alter table seamline.snapshot_pieces alter column data set storage external;

create table seamline.claims (
  stream_id integer not null,
  kind text collate "C" not null,
  node text not null,
  until timestamptz not null,
  primary key (stream_id, kind)
);

create function seamline.keep_sequences() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $f$
begin
  if current_setting('seamline.trims', true) is distinct from 'on' then
    update seamline.streams set sequences_used = seamline.last_sequence(id), deletions = deletions + 1;
  end if;
  return null;
end
$f$;
comment on function seamline.keep_sequences is 'runs before entries are deleted by hand, which may be the newest ones';
create trigger keep_sequences before delete or truncate on seamline.entries
  for each statement execute function seamline.keep_sequences();

create function seamline.forget_stream() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $f$
begin
  perform set_config('seamline.trims', 'on', true);
  delete from seamline.entries where stream_id = old.id;
  delete from seamline.outbox where stream_id = old.id;
  delete from seamline.snapshot_pieces where snapshot_id in (select id from seamline.snapshots where stream_id = old.id);
  delete from seamline.snapshots where stream_id = old.id;
  delete from seamline.claims where stream_id = old.id;
  perform set_config('seamline.trims', 'off', true);
  return null;
end
$f$;
create trigger forget_stream after delete on seamline.streams for each row execute function seamline.forget_stream();
`;
