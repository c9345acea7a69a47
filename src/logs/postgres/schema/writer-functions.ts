/**
 * For writers, who need no right but to call the functions `insert` and `remove`.
 *
 * The functions refuse what a mutation refuses: see src/core/input/insert-input.ts and src/core/model/json.ts. They run with the rights of
 * their owner, in sessions of others, so nothing in them depends on a setting of the session: strings with a backslash are E'' strings, all
 * names of the schema are qualified, and what writes a double says how many digits it writes.
 */
import { MAX_DEPTH, MAX_KEY_BYTES, MAX_TTL } from '../../../core/input/insert-input.ts';

/**
 * As a pattern: a number that may not be kept exactly. Fractions are kept unless they become 0; strings often end with digits. A shorter
 * pattern is tried first, because it takes a quarter of the time.
 */
const MAYBE_UNKEPT = `(^|[^.0-9])[0-9]{16,}($|[^"0-9])|[0-9]{250}`;

/** As a pattern: a string of JSON. */
const STRING = String.raw`"(?:[^"\\]|\\.)*"`;

/** A literal of SQL that means the same with each setting of standard_conforming_strings. */
const literal = (text: string): string => `E'${text.replaceAll('\\', '\\\\')}'`;

/**
 * PostgreSQL has no function that writes jsonb without spaces. A regular expression that skips strings takes 20 times as long as
 * `json_strip_nulls`, which removes members that are null, so they are `-0e0` meanwhile: jsonb never writes a number with an exponent.
 * The quote of `": null` may open a string instead of closing a name, which the character before it tells.
 */
const COMPACT = `
create function seamline.compact_with_nulls(json text) returns text
  language plpgsql immutable set search_path = pg_catalog, pg_temp as $f$
begin
  if json !~ ${literal(String.raw`(^|[[{ \\])": null`)} and strpos(json, '-0e0') = 0 then
    return replace(json_strip_nulls(replace(json, '": null', '": -0e0')::json)::text, '-0e0', 'null');
  end if;
  return regexp_replace(json, ${literal(`(${STRING})|[ ]`)}, ${literal(String.raw`\1`)}, 'g');
end
$f$;
comment on function seamline.compact_with_nulls is 'the text of jsonb without the spaces between its tokens';
`;

/**
 * jsonb keeps the digits of a number, and not whether they were written with an exponent. From 1e21 on, where JavaScript writes an exponent,
 * the number may be the shortest text of its double, and is stored as that text, as mutations store it: 6.02214076e23 comes back
 * as 6.02214076e+23, not as 24 digits. Below, an integer must be exactly a double. A fraction becomes the nearest one.
 */
const KEEP_NUMBERS = `
create function seamline.is_double(whole numeric) returns boolean
  language plpgsql immutable set search_path = pg_catalog, pg_temp as $f$
declare
  odd numeric := abs(whole);
begin
  -- A double is an integer of at most 53 bits, times a power of 2. The larger steps come first.
  while odd > 9007199254740992 and mod(odd, 4294967296) = 0 loop
    odd := div(odd, 4294967296);
  end loop;
  while odd > 9007199254740992 and mod(odd, 2) = 0 loop
    odd := div(odd, 2);
  end loop;
  return odd <= 9007199254740992;
end
$f$;

create function seamline.keep_numbers(json text) returns text
  language plpgsql immutable set search_path = pg_catalog, pg_temp set extra_float_digits = 1 as $f$
declare
  part record;
  exact numeric;
  is_kept boolean;
  kept text[] := '{}';
begin
  for part in
    select token[1] as other, token[2] as number
    from regexp_matches(json, ${literal(`((?:${STRING}|[^-0-9"]|-?[0-9.]{1,15}(?![0-9.]))+)|(-?[0-9.]{16,})`)}, 'g') as token
  loop
    if part.number is null then
      kept := array_append(kept, part.other);
      continue;
    end if;
    exact := part.number::numeric;
    begin
      is_kept := abs(exact) <= 9007199254740991 and part.number::float8 is not null
        or exact <> trunc(exact) and part.number::float8 is not null
        or abs(exact) >= 1e21 and part.number::float8::text::numeric = exact
        or part.number::float8 is not null and seamline.is_double(exact);
    exception when numeric_value_out_of_range then
      is_kept := false;
    end;
    if not is_kept then
      raise exception 'seamline.insert: value must not hold %: no double holds it exactly',
        case when length(part.number) > 40 then left(part.number, 40) || '...' else part.number end
        using errcode = 'invalid_parameter_value', hint = 'Send it as a string.';
    end if;
    kept := array_append(kept, case when abs(exact) >= 1e21 then part.number::float8::text else part.number end);
  end loop;
  return array_to_string(kept, '');
end
$f$;
comment on function seamline.keep_numbers is 'the compact JSON text, whose numbers every reader reads as the same doubles';
`;

const REFUSE_KEY = `
create function seamline.refuse_key(caller text, key text) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $f$
begin
  if key is null then
    raise exception '%: key must not be null', caller using errcode = 'null_value_not_allowed',
      hint = 'A key is the identity of its item.';
  elsif key = '' then
    raise exception '%: key must not be empty', caller using errcode = 'invalid_parameter_value',
      hint = 'A key is the identity of its item.';
  end if;
  raise exception '%: key must not exceed ${MAX_KEY_BYTES} bytes of UTF-8, has %', caller, octet_length(key)
    using errcode = 'invalid_parameter_value', hint = 'A hash such as sha256 makes a short key of a long one.';
end
$f$;

create function seamline.refuse_stream(caller text, stream text) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $f$
begin
  raise exception '%: there is no stream "%"', caller, stream using errcode = 'undefined_object',
    hint = 'A node that is started with --stream creates it.';
end
$f$;
`;

const INSERT = `
create function seamline.insert(stream text, key text, value jsonb, ttl integer default null) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $f$
declare
  target record;
  json text := value::text;
begin
  select id, max_value_bytes, default_ttl, shape into target from seamline.streams where name = stream;
  if not found then
    perform seamline.refuse_stream('seamline.insert', stream);
  end if;
  if not coalesce(octet_length(key) between 1 and ${MAX_KEY_BYTES}, false) then
    perform seamline.refuse_key('seamline.insert', key);
  end if;
  if json is null or json = 'null' then
    raise exception 'seamline.insert: value must not be null' using errcode = 'null_value_not_allowed',
      hint = 'seamline.remove removes an item.';
  end if;
  if ttl < 1 then
    raise exception 'seamline.insert: ttl must be a whole number of seconds from 1 to ${MAX_TTL}, got %', ttl
      using errcode = 'invalid_parameter_value', hint = 'Without a ttl, the item has the one of the stream.';
  end if;
  -- A value with few brackets can't nest deep.
  if octet_length(json) - octet_length(replace(replace(json, '{', ''), '[', '')) > ${MAX_DEPTH}
    and jsonb_path_exists(value, 'strict $.**{${MAX_DEPTH}} ? (@.type() == "object" || @.type() == "array")') then
    raise exception 'seamline.insert: value must not nest deeper than ${MAX_DEPTH} levels'
      using errcode = 'invalid_parameter_value', hint = 'Send the inner part as a string.';
  end if;
  json := case when strpos(json, '": null') = 0 then json_strip_nulls(json::json)::text else seamline.compact_with_nulls(json) end;
  if json ~ '[0-9]{16}' and json ~ ${literal(MAYBE_UNKEPT)} then
    json := seamline.keep_numbers(json);
  end if;
  if octet_length(json) > target.max_value_bytes then
    raise exception 'seamline.insert: the value of % has % bytes, more than %', to_json(key), octet_length(json), target.max_value_bytes
      using errcode = 'program_limit_exceeded', hint = 'The nodes set the limit with --max-value-bytes.';
  end if;
  if target.shape is not null then
    perform seamline.assert_fit(stream, key, value, target.shape);
  end if;
  insert into seamline.outbox (stream_id, xid, key, value, ttl)
  values (target.id, pg_current_xact_id(), key, json, coalesce(ttl, target.default_ttl));
end
$f$;
`;

const REMOVE = `
create function seamline.remove(stream text, key text) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $f$
declare
  target record;
begin
  select id into target from seamline.streams where name = stream;
  if not found then
    perform seamline.refuse_stream('seamline.remove', stream);
  end if;
  if not coalesce(octet_length(key) between 1 and ${MAX_KEY_BYTES}, false) then
    perform seamline.refuse_key('seamline.remove', key);
  end if;
  insert into seamline.outbox (stream_id, xid, key) values (target.id, pg_current_xact_id(), key);
end
$f$;
`;

export const WRITER_FUNCTIONS = `${COMPACT}${KEEP_NUMBERS}${REFUSE_KEY}${INSERT}${REMOVE}`;
