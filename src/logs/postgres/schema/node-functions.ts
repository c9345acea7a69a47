/** So many changes take long to move: a turn of their own does, for which nobody waits with a short timeout. */
const MANY = 20_000;

/**
 * Which changes a statement may see that the look before has not seen. Those of transactions that still run are left out, because the index
 * would find all of them in each look. Both use the snapshot of the statement that they are in. A look at everything finds ids of another
 * time as well, which a restored database may have.
 */
const NEW = `stream_id = for_stream and xid >= newer_than and xid < case
            when seen is null then '18446744073709551615'::xid8 else pg_snapshot_xmax(pg_current_snapshot()) end`;
const ENDED = `stream_id = for_stream and xid = any(array(
            select was_running from unnest(running) as was_running where pg_visible_in_snapshot(was_running, pg_current_snapshot())))`;

/** For nodes: they run with the rights of the node. */
export const NODE_FUNCTIONS = `
create function seamline.last_sequence(for_stream integer) returns bigint
  language sql stable set search_path = pg_catalog, pg_temp as $f$
  select greatest(
    (select sequence from seamline.entries where stream_id = for_stream order by sequence desc limit 1),
    (select greatest(first_sequence - 1, sequences_used) from seamline.streams where id = for_stream))
$f$;

create function seamline.append(
  for_stream integer, for_epoch text, commands bytea, lengths integer[], wait_ms integer, inout seen pg_snapshot,
  out last bigint, out moved integer
) language plpgsql set search_path = pg_catalog, pg_temp as $f$
declare
  -- Changes of transactions that \`seen\` has shown as committed are gone: the look that saw them has moved them. An index finds the others,
  -- so the dead rows before them cost nothing while an old transaction keeps them.
  newer_than xid8 := coalesce(pg_snapshot_xmax(seen), '0'::xid8);
  running xid8[] := array(select pg_snapshot_xip(seen));
  looked pg_snapshot;
  pending integer;
  now_ms bigint;
begin
  if commands is not null then
    if current_setting('transaction_isolation') <> 'read committed' then
      raise exception 'seamline.append needs the isolation level read committed, not %', current_setting('transaction_isolation')
        using errcode = 'invalid_transaction_state';
    end if;
    perform set_config('lock_timeout', wait_ms::text, true);
    perform from seamline.streams where id = for_stream and epoch = for_epoch for update;
    if not found then
      return;
    end if;
  end if;
  -- Each statement from here on sees what was committed before the lock was given. The look and its snapshot are one statement.
  select
    (select count(*) from (
      (select from seamline.outbox where ${NEW} limit ${MANY})
      union all
      (select from seamline.outbox where ${ENDED} limit ${MANY})) as found),
    pg_current_snapshot(),
    greatest(
      (select sequence from seamline.entries where stream_id = for_stream order by sequence desc limit 1),
      (select greatest(first_sequence - 1, sequences_used) from seamline.streams where id = for_stream))
  into pending, looked, last;
  moved := 0;
  if pending >= ${MANY} and lengths is distinct from '{}' then
    moved := -1;
    return;
  end if;
  if pending > 0 and commands is null then
    select * into seen, last, moved from seamline.append(for_stream, for_epoch, '', '{}', wait_ms, seen);
    return;
  end if;
  now_ms := floor(extract(epoch from clock_timestamp()) * 1000);
  if pending > 0 then
    with taken as (
      delete from seamline.outbox where ctid = any(array(
          select ctid from seamline.outbox where ${NEW}
          union all
          select ctid from seamline.outbox where ${ENDED}
        ))
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
    last := last + moved;
  end if;
  seen := looked;
  if cardinality(lengths) > 0 then
    insert into seamline.entries (stream_id, sequence, time, data)
    select for_stream, last + number, now_ms, substring(commands from (sum(length) over (order by number) - length + 1)::integer for length)
    from unnest(lengths) with ordinality as given (length, number);
    last := last + cardinality(lengths);
  end if;
end
$f$;

comment on function seamline.append is
  'appends commands after what the outbox holds. Without commands it looks for that; with none, it also moves so much that it takes long. moved is -1 if so much is pending, and then nothing is appended';

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
