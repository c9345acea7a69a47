/** For writers, who need no right but to call them. */
export const WRITER_FUNCTIONS = `
create function seamline.insert(stream text, key text, value jsonb, ttl integer default null) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $f$
declare
  target record;
  json text := regexp_replace(value::text, E'("(?:[^"\\\\\\\\]|\\\\\\\\.)*")|[ ]', E'\\\\1', 'g');
begin
  select id, max_value_bytes, default_ttl into target from seamline.streams where name = stream;
  if not found then
    raise exception 'seamline.insert: there is no stream "%"', stream using errcode = 'undefined_object',
      hint = 'A node that is started with --stream creates it.';
  end if;
  insert into seamline.outbox (stream_id, xid, key, value, ttl)
  values (target.id, pg_current_xact_id(), key, json, coalesce(ttl, target.default_ttl));
end
$f$;

create function seamline.remove(stream text, key text) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $f$
declare
  target record;
begin
  select id into target from seamline.streams where name = stream;
  if not found then
    raise exception 'seamline.remove: there is no stream "%"', stream using errcode = 'undefined_object',
      hint = 'A node that is started with --stream creates it.';
  end if;
  insert into seamline.outbox (stream_id, xid, key) values (target.id, pg_current_xact_id(), key);
end
$f$;
`;
