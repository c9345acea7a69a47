/** For nodes: they run with the rights of the node. */
export const NODE_FUNCTIONS = `
create function seamline.last_sequence(for_stream integer) returns bigint
  language sql stable set search_path = pg_catalog, pg_temp as $f$
  select greatest(
    (select sequence from seamline.entries where stream_id = for_stream order by sequence desc limit 1),
    (select greatest(first_sequence - 1, sequences_used) from seamline.streams where id = for_stream))
$f$;

create function seamline.unseen(for_stream integer, seen pg_snapshot) returns setof tid
  language sql stable set search_path = pg_catalog, pg_temp as $f$
  select ctid from seamline.outbox where seen is null and stream_id = for_stream
  union all
  select ctid from seamline.outbox where stream_id = for_stream and xid >= pg_snapshot_xmax(seen)
  union all
  select ctid from pg_snapshot_xip(seen) running, seamline.outbox where stream_id = for_stream and xid = running
$f$;
comment on function seamline.unseen is
  'changes of transactions that a look before, with this snapshot, has not seen committed; dead rows of earlier ones cost nothing';

create function seamline.append(
  for_stream integer, for_epoch text, commands bytea, lengths integer[], inout seen pg_snapshot,
  out last bigint, out moved integer
) language plpgsql set search_path = pg_catalog, pg_temp as $f$
declare
  now_ms bigint;
  looked pg_snapshot;
  is_pending boolean := true;
begin
  moved := 0;
  if commands is null then
    -- In one statement, so that the snapshot is the one of the look.
    select exists (select from seamline.unseen(for_stream, seen)), pg_current_snapshot(), seamline.last_sequence(for_stream)
    into is_pending, looked, last;
  end if;
  if not is_pending then
    seen := looked;
    return;
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'seamline.append needs the isolation level read committed, not %', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state';
  end if;
  perform from seamline.streams where id = for_stream and epoch = for_epoch for update;
  if not found then
    last := null;
    return;
  end if;
  -- Each statement from here on sees what was committed before the lock was given.
  last := seamline.last_sequence(for_stream);
  now_ms := floor(extract(epoch from clock_timestamp()) * 1000);
  with taken as (
    delete from seamline.outbox where ctid = any(array(select seamline.unseen(for_stream, seen)))
    returning id, xid, key, value, ttl
  ), placed as (
    select *,
      max(id) over (partition by xid) as last_id,
      (row_number() over by_id - 1) / 1000 as part,
      sum(octet_length(key) + coalesce(octet_length(value), 0)) over by_id / 524288 as piece
    from taken window by_id as (partition by xid order by id)
  ), made as (
    select last_id, part, piece,
      '{"kind":"transaction","changes":['
      || string_agg(
        '{"key":' || to_json(key)::text || case
          when value is null then ',"removed":true}'
          when ttl is null then '}'
          else ',"ttl":' || ttl || '}' end, ',' order by id)
      || ']}' || coalesce(string_agg(E'\\n' || value, '' order by id), '') as body
    from placed group by last_id, part, piece
  ), appended as (
    insert into seamline.entries (stream_id, sequence, time, command_id, data)
    select for_stream, last + row_number() over (order by last_id, part, piece), now_ms, gen_random_uuid()::text, convert_to(body, 'UTF8')
    from made
    returning 1
  )
  select count(*), pg_current_snapshot() into moved, looked from appended;
  seen := looked;
  last := last + moved;
  if commands is not null then
    insert into seamline.entries (stream_id, sequence, time, data)
    select for_stream, last + number, now_ms, substring(commands from (sum(length) over (order by number) - length + 1)::integer for length)
    from unnest(lengths) with ordinality as given (length, number);
    last := last + cardinality(lengths);
  end if;
end
$f$;

create function seamline.trim(for_stream integer, for_epoch text, before bigint, most integer default 10000) returns boolean
  language plpgsql set search_path = pg_catalog, pg_temp as $f$
declare
  deleted integer;
begin
  update seamline.streams set first_sequence = before
  where id = for_stream and epoch = for_epoch and first_sequence < before and before <= seamline.last_sequence(for_stream) + 1;
  if found then
    return false;
  end if;
  perform set_config('seamline.trims', 'on', true);
  delete from seamline.entries where stream_id = for_stream and sequence in (
    select sequence from seamline.entries
    where stream_id = for_stream and sequence < (select first_sequence from seamline.streams where id = for_stream and epoch = for_epoch)
    order by sequence limit most);
  get diagnostics deleted = row_count;
  perform set_config('seamline.trims', 'off', true);
  return deleted < most;
end
$f$;
comment on function seamline.trim is
  'to be called until it returns true: the first call says what is trimmed, and later ones delete that without a lock on the stream';
`;
