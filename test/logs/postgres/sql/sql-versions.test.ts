/** The schema in the database has a version: newer nodes upgrade it, and older ones go on or are refused. */
import { onTestFinished, expect, it } from 'vitest';
import { StreamingMap } from '../../../../src/core/streaming-map.ts';
import { SILENT } from '../../../../src/core/model/logger.ts';
import { Connection } from '../../../../src/logs/postgres/connection.ts';
import { ensureSchema } from '../../../../src/logs/postgres/install.ts';
import { serverAddresses } from '../../../../src/logs/postgres/options.ts';
import { postgresLog } from '../../../../src/logs/postgres/postgres-log.ts';
import { type Step, STEPS } from '../../../../src/logs/postgres/schema/schema-script.ts';
import { describeWithPostgres } from '../../../support/engines/postgres.ts';
import { openMapOn, urlAs } from './maps.ts';

const [FIRST] = STEPS as readonly [Step];

/** As a later version may have it. */
const COLUMN =
  'alter table seamline.streams add column note text; create function seamline.noted() returns text language sql as $f$ select 1::text $f$;';
const SECOND: Step = { sql: COLUMN, oldest: 1 };
const INCOMPATIBLE: Step = { sql: COLUMN, oldest: 2 };

async function ensured(url: string, steps: readonly Step[]): Promise<void> {
  const connection = await Connection.open({ servers: serverAddresses({ url }), timeoutMs: 20_000, logger: SILENT });
  onTestFinished(() => connection.close());
  await ensureSchema(connection.query, steps);
}

describeWithPostgres('versions of the schema on PostgreSQL', (start) => {
  it('nodes of the version before go on while a newer node upgrades the schema, and after a restart', async () => {
    const postgres = await start();
    const map = await openMapOn(postgres.url);
    let inserted = 0;
    const insert = async (): Promise<unknown> => map.insert({ key: `k${inserted}`, value: inserted++ });
    await insert();
    await Promise.all([ensured(postgres.url, [FIRST, SECOND]), insert(), insert(), insert()]);
    expect(await postgres.rows('select version, oldest from seamline.schema_version')).toEqual([
      { version: 2, oldest: 1 },
    ]);
    await insert();
    const again = await openMapOn(postgres.url);
    await expect.poll(() => [...Array(inserted).keys()].every((n) => again.get(`k${n}`)?.value === n)).toBe(true);
    // A step that gave PUBLIC a function has taken it back.
    await postgres.rows('create role nobody login');
    await postgres.rows('grant usage on schema seamline to nobody');
    const client = await postgres.client(urlAs(postgres.url, 'nobody'));
    await expect(client.query('select seamline.noted()')).rejects.toMatchObject({ code: '42501' });
  });

  it('a schema that is too new for a node refuses it in a clear line', async () => {
    const postgres = await start();
    await ensured(postgres.url, [FIRST, INCOMPATIBLE]);
    await expect(StreamingMap.open({ log: postgresLog({ url: postgres.url }) })).rejects.toThrow(
      'the schema seamline in PostgreSQL has version 2, and this seamline only knows version 1: upgrade seamline',
    );
  });

  it('a role that may not upgrade the schema is told the command', async () => {
    const postgres = await start();
    await ensured(postgres.url, STEPS);
    await postgres.rows('create role shop_node login');
    await postgres.rows('grant usage on schema seamline to shop_node');
    await postgres.rows('grant select on seamline.schema_version to shop_node');
    await expect(ensured(urlAs(postgres.url, 'shop_node'), [FIRST, SECOND])).rejects.toThrow(
      'the schema seamline in PostgreSQL has version 1 instead of 2, and the role shop_node may not upgrade it: run `seamline postgres-schema --node shop_node` and give its output to psql as a role that may',
    );
  });

  it('nodes that start together on an empty database all come up', async () => {
    const postgres = await start();
    for (let round = 0; round < 10; round++) {
      await postgres.rows('drop schema if exists seamline cascade');
      const maps = await Promise.all([1, 2, 3, 4].map(() => openMapOn(postgres.url)));
      await maps[0]?.insert({ key: 'k', value: round });
      await expect.poll(() => maps.map((map) => map.get('k')?.value)).toEqual([round, round, round, round]);
      await Promise.all(maps.map((map) => map.close()));
    }
  });

  it('nodes that upgrade together run each step once', async () => {
    const postgres = await start();
    await ensured(postgres.url, STEPS);
    await Promise.all([1, 2, 3, 4].map(() => ensured(postgres.url, [FIRST, SECOND])));
    expect(await postgres.rows('select version from seamline.schema_version')).toEqual([{ version: 2 }]);
  });

  it('a step that fails leaves nothing, and the connection is of use still', async () => {
    const postgres = await start();
    const broken = { sql: `${COLUMN} select 1 / 0;`, oldest: 1 };
    await expect(ensured(postgres.url, [FIRST, broken])).rejects.toMatchObject({ code: '22012' });
    expect(await postgres.rows("select from pg_namespace where nspname = 'seamline'")).toEqual([]);
    await ensured(postgres.url, STEPS);
    const connection = await Connection.open({ servers: serverAddresses(postgres), timeoutMs: 20_000, logger: SILENT });
    onTestFinished(() => connection.close());
    await expect(ensureSchema(connection.query, [FIRST, broken])).rejects.toMatchObject({ code: '22012' });
    expect(await connection.query('select version from seamline.schema_version')).toEqual([[1]]);
    expect(await connection.query("select from pg_attribute where attname = 'note'")).toEqual([]);
  });
});
