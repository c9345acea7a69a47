/** The functions for writers run in sessions of others, with the rights of their owner: nothing in the session may change what they do. */
import type { Client } from 'pg';
import { expect, it } from 'vitest';
import { describeWithPostgres } from '../../../support/engines/postgres.ts';
import { openMapOn, urlAs } from './maps.ts';

const JSON_TEXT = String.raw`{"price":0.1,"big":6.02214076e23,"text":"a \"b\" \\ \u00e9","none":null,"at":[1e21,12345678901234567168]}`;
const CALL: readonly [string, string[]] = ['select seamline.insert($1, $2, $3)', ['seamline', 'k', JSON_TEXT]];

const SETTINGS = [
  'set standard_conforming_strings = off',
  'set extra_float_digits = -15',
  'set row_security = off',
  "set datestyle = 'SQL, DMY'",
  'set bytea_output = escape',
  'set client_encoding = latin1',
  'set session_replication_role = replica',
  'set transform_null_equals = on',
  'set backslash_quote = on',
  'set default_transaction_isolation = serializable',
];

/** What the functions use, once more in schemas that come first. Each notes that it runs with rights of somebody else, also when that fails. */
const TRAPS = `
  create function public.trapped() returns boolean language plpgsql as $f$
    begin if current_user <> 'mallory' then perform nextval('public.trapped'); end if; return true; end $f$;
  create function public.octet_length(text) returns integer language sql as 'select public.trapped(); select 1';
  create function public.strpos(text, text) returns integer language sql as 'select public.trapped(); select 0';
  create function public.replace(text, text, text) returns text language sql as 'select public.trapped(); select $1';
  create function public.json_strip_nulls(json) returns json language sql as 'select public.trapped(); select $1';
  create function public.regexp_replace(text, text, text, text) returns text language sql as 'select public.trapped(); select $1';
  create function public.jsonb_path_exists(jsonb, jsonpath) returns boolean language sql as 'select public.trapped()';
  create function public.pg_current_xact_id() returns xid8 language sql as 'select public.trapped(); select $$1$$::xid8';
  create function public.equal(text, text) returns boolean language sql as 'select public.trapped()';
  create function public.less(integer, integer) returns boolean language sql as 'select public.trapped()';
  create operator public.= (function = public.equal, leftarg = text, rightarg = text);
  create operator public.~ (function = public.equal, leftarg = text, rightarg = text);
  create operator public.> (function = public.less, leftarg = integer, rightarg = integer);
  create operator public.>= (function = public.less, leftarg = integer, rightarg = integer);
  create operator public.< (function = public.less, leftarg = integer, rightarg = integer);
  create operator public.- (function = public.less, leftarg = integer, rightarg = integer);
  create domain public.jsonb as pg_catalog.jsonb check (public.trapped());
  create domain public.numeric as pg_catalog.numeric check (public.trapped());
  create domain pg_temp.float8 as pg_catalog.float8 check (public.trapped());
  create domain pg_temp.json as pg_catalog.json check (public.trapped());
  create temporary table streams (id integer, name text, max_value_bytes integer, default_ttl integer);
  create temporary table outbox (stream_id integer, xid xid8, key text, value text, ttl integer);
  create schema mallory;
  create table mallory.streams (like streams);`;

describeWithPostgres('seamline.insert in hostile sessions', (start) => {
  it('no setting of a session changes what seamline.insert stores', async () => {
    const postgres = await start();
    const map = await openMapOn(postgres.url);
    const items = map.items();
    const client = await postgres.client();
    const insertion = async (): Promise<unknown> => {
      await client.query(...CALL);
      return (await items.next()).value?.value;
    };
    const expected = await insertion();
    expect(expected).toEqual(JSON.parse(JSON_TEXT));
    for (const setting of SETTINGS) {
      await client.query(setting);
      // Sessions that begin with the setting plan the functions with it.
      await client.query('discard plans');
      expect([setting, await insertion()]).toEqual([setting, expected]);
    }
  });

  it('functions, operators, types and tables that stand first in the search_path of a caller never run with the rights of the owner', async () => {
    const postgres = await start();
    const map = await openMapOn(postgres.url);
    await postgres.rows('create role mallory login');
    for (const grant of [
      'grant create on schema public to mallory',
      'grant create on database postgres to mallory',
      'grant usage on schema seamline to mallory',
      'grant execute on function seamline.insert to mallory',
      'grant execute on function seamline.remove to mallory',
      'create sequence public.trapped',
    ])
      await postgres.rows(grant);
    const client = await postgres.client(urlAs(postgres.url, 'mallory'));
    await client.query(TRAPS);
    await client.query('set search_path = pg_temp, public, mallory, pg_catalog');
    const items = map.items();
    await callAll(client);
    expect((await items.next()).value?.value).toEqual(JSON.parse(JSON_TEXT));
    expect(await isTrapped()).toBe(false);
    // The traps work: without a search_path of its own, the function runs them.
    await postgres.rows('alter function seamline.insert reset search_path');
    await callAll(await reconnected());
    expect(await isTrapped()).toBe(true);

    async function reconnected(): Promise<Client> {
      const again = await postgres.client(urlAs(postgres.url, 'mallory'));
      await again.query('set search_path = pg_temp, public, mallory, pg_catalog');
      return again;
    }

    async function isTrapped(): Promise<unknown> {
      return (await postgres.rows('select is_called from public.trapped'))[0]?.['is_called'];
    }
  });
});

/** Each branch of the functions. */
async function callAll(client: Client): Promise<void> {
  await client.query(...CALL).catch(() => {});
  const others = [
    "select seamline.remove('seamline', 'gone')",
    "select seamline.remove('nowhere', 'gone')",
    "select seamline.insert('seamline', '', '1')",
    "select seamline.insert('seamline', 'k', '[9007199254740993]')",
    `select seamline.insert('seamline', 'k', '${'['.repeat(70)}${']'.repeat(70)}')`,
    `select seamline.insert('seamline', 'k', '"${'x'.repeat(70_000)}"')`,
  ];
  for (const call of others) await client.query(call).catch(() => {});
}
