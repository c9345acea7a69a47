/**
 * Checks values of a typed collection in SQL, as `unfitItem` does in the nodes. The shape of a log says what fits:
 *
 *     { "type": "Quote", "key": "symbol", "objects": { "Quote": { "names": "{\"symbol\"}", "fields": [{ "name": "symbol", "rule": … }] } } }
 *
 * `names` is an array of PostgreSQL. A field that `is` of a type of JSON takes every value of that type. A rule has a `kind`, `label` for messages, and `required` where null does not fit:
 *
 *     text      a string that matches `pattern`, if there is one
 *     number    from `least` to `most`, `whole`, with at most so many `decimals`
 *     integer   a number that a double holds for sure, and else a string of digits
 *     names     one of `names`
 *     boolean, any
 *     map       any object
 *     object    of the type `of` in `objects`
 *     list      whose elements fit the rule `of`
 *     unchecked nothing that SQL could decide: only null fits
 *
 * `misfit` has no `search_path` of its own, because it calls itself for each field: `assert_fit`, which calls it, has one.
 */
export const VALUE_CHECK = String.raw`
create function seamline.shown(value jsonb) returns text
  language sql stable set search_path = pg_catalog, pg_temp as $f$
  select case jsonb_typeof(value)
    when 'array' then 'an array'
    when 'object' then 'an object'
    when 'string' then to_json(left(value #>> '{}', 40) || case when length(value #>> '{}') > 40 then '…' else '' end)::text
    else value::text end
$f$;

create function seamline.misfit(value jsonb, rule jsonb, objects jsonb) returns text
  language plpgsql stable as $f$
declare
  type text := jsonb_typeof(value);
  content text;
  number numeric;
  fits boolean := false;
  definition jsonb;
  fields jsonb;
  field jsonb;
  wrong text;
begin
  if type is null or type = 'null' then
    return case when rule ? 'required' then ': must not be null' end;
  end if;
  case rule ->> 'kind'
  when 'text' then
    fits := type = 'string';
    if fits and rule ? 'pattern' then
      fits := (value #>> '{}') ~ (rule ->> 'pattern');
    end if;
  when 'number' then
    fits := type = 'number';
    if fits and (rule ? 'least' or rule ? 'whole') then
      number := value;
      fits := number >= coalesce((rule -> 'least')::numeric, number)
        and number <= coalesce((rule -> 'most')::numeric, number)
        and number = case when rule ? 'whole' then trunc(number) else round(number, coalesce((rule -> 'decimals')::integer, 16383)) end;
    end if;
  when 'boolean' then
    fits := type = 'boolean';
  when 'names' then
    fits := type = 'string' and (rule -> 'names') ? (value #>> '{}');
  when 'any' then
    fits := true;
  when 'map' then
    fits := type = 'object';
  when 'integer' then
    content := value #>> '{}';
    if type = 'number' then
      number := value;
      fits := number = trunc(number) and abs(number) <= 9007199254740991;
    elsif type = 'string' and content ~ '^-?[1-9][0-9]{15,}$' then
      -- Text of digits compares as the number does when it is as long.
      content := ltrim(content, '-');
      fits := length(content) > 16 or content > '9007199254740991' collate "C";
    end if;
  when 'object' then
    if type <> 'object' then
      return ': must be an object of the type ' || (rule ->> 'of') || ', got ' || seamline.shown(value);
    end if;
    definition := objects -> (rule ->> 'of');
    fields := definition -> 'fields';
    for at in 0 .. jsonb_array_length(fields) - 1 loop
      field := fields -> at;
      continue when jsonb_typeof(value -> (field ->> 'name')) = field ->> 'is';
      wrong := seamline.misfit(value -> (field ->> 'name'), field -> 'rule', objects);
      if wrong is not null then
        return '.' || (field ->> 'name') || wrong;
      end if;
    end loop;
    definition := value - (definition ->> 'names')::text[];
    if definition <> '{}' then
      return ': the type ' || (rule ->> 'of') || ' has no field '
        || (select seamline.shown(to_jsonb(min(name collate "C"))) from jsonb_object_keys(definition) as name);
    end if;
    return null;
  when 'list' then
    if type <> 'array' then
      return ': must be a list, got ' || seamline.shown(value);
    end if;
    for at in 0 .. jsonb_array_length(value) - 1 loop
      wrong := seamline.misfit(value -> at, rule -> 'of', objects);
      if wrong is not null then
        return '.' || at || wrong;
      end if;
    end loop;
    return null;
  when 'unchecked' then
    return ': SQL can''t check ' || (rule ->> 'label') || ': insert the item by a mutation';
  end case;
  return case when not fits then ': must be ' || (rule ->> 'label') || ', got ' || seamline.shown(value) end;
end
$f$;

create function seamline.misfit(key text, value jsonb, shape jsonb) returns text
  language plpgsql stable set search_path = pg_catalog, pg_temp as $f$
declare
  wrong text;
  given jsonb;
  expected text;
begin
  wrong := case when jsonb_typeof(value) = 'object'
    then seamline.misfit(value, jsonb_build_object('kind', 'object', 'of', shape -> 'type'), shape -> 'objects')
    else ': must be an object of the type ' || (shape ->> 'type') || ', got ' || coalesce(seamline.shown(value), 'null') end;
  if wrong is not null then
    return case when wrong like '.%' then substr(wrong, 2) else 'value' || wrong end;
  end if;
  given := value -> (shape ->> 'key');
  expected := case jsonb_typeof(given) when 'number' then trunc(given::numeric)::text else given #>> '{}' end;
  if expected is distinct from key collate "C" then
    return (shape ->> 'key') || ': must equal the key ' || coalesce(seamline.shown(to_jsonb(key)), 'null') || ', got ' || seamline.shown(to_jsonb(expected));
  end if;
  return null;
end
$f$;

create function seamline.assert_fit(stream text, key text, value jsonb, shape jsonb) returns void
  language plpgsql stable set search_path = pg_catalog, pg_temp as $f$
declare
  wrong text := seamline.misfit(key, value, shape);
begin
  if wrong is not null then
    raise exception 'seamline.insert: the value of % in the stream "%" does not fit the type %: %',
      coalesce(seamline.shown(to_jsonb(key)), 'null'), stream, shape ->> 'type', wrong using errcode = 'check_violation';
  end if;
end
$f$;
`;
