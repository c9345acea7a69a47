import { expect, it } from 'vitest';
import { newEpoch } from '../../../src/core/model/position.ts';
import { schemaScript } from '../../../src/logs/postgres/schema/schema-script.ts';
import { appendTexts, at, follow } from '../../../src/testing/recording.ts';
import { describeWithPostgres, type PostgresServer } from '../../support/engines/postgres.ts';
import { openPostgresLog } from '../../support/remote-engines/postgres-logs.ts';
import { networkTo } from '../../support/sockets/proxy.ts';

/** Another schema, in which the first log has the same id. */
async function replaceSchema(server: PostgresServer): Promise<void> {
  await server.rows('alter schema seamline rename to elsewhere');
  await server.rows(schemaScript());
  await server.rows(`insert into seamline.streams (name, epoch) values ('test', '${newEpoch()}')`);
}

describeWithPostgres('losses of PostgreSQL', (start) => {
  it('a log whose row was deleted refuses appends until it is opened again, and writes nothing', async () => {
    const server = await start();
    const log = await openPostgresLog(server.url, { engineTimeoutMs: 1000 });
    await appendTexts(log, 'a');
    await server.rows('delete from seamline.streams');
    await expect(log.append(Buffer.from('b'), 'b')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect
      .poll(() => log.health())
      .toEqual({
        ok: false,
        reason: 'the log test in PostgreSQL is gone: restore it, or restart the nodes to create another one',
      });
    expect(await server.rows('select from seamline.entries')).toHaveLength(0);
  });

  it('a log that another node has created again with the same id, and that has grown longer, takes no append of the old one', async () => {
    const server = await start();
    const network = await networkTo(server.url);
    const log = await openPostgresLog(network.url);
    const listener = await follow(log, 1);
    await appendTexts(log, 'a', 'b');
    await listener.until(2);
    network.cut();
    await replaceSchema(server);
    await appendTexts(await openPostgresLog(server.url), 'x', 'y', 'z');
    network.mend();
    await listener.untilBroken();
    await expect(log.append(Buffer.from('c'), 'c')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    expect(listener.texts).toEqual(['a', 'b']);
    await log.open();
    expect(await log.last()).toBe(3);
  });

  it('a listener that has nothing yet gets nothing of a log that has the same id as its own', async () => {
    const server = await start();
    const log = await openPostgresLog(server.url);
    const listener = await follow(log, 1);
    await replaceSchema(server);
    const other = await openPostgresLog(server.url);
    await appendTexts(other, 'x');
    await expect(log.entryAt(at(1))).resolves.toBeUndefined();
    expect(await listener.untilBroken()).toBe('another log has taken its place');
    expect(listener.texts).toEqual([]);
  });

  it('a listener is told of a missing entry, and never gets the ones after it', async () => {
    const server = await start();
    const log = await openPostgresLog(server.url);
    await appendTexts(log, '1', '2', '3', '4');
    await server.rows('delete from seamline.entries where sequence = 2');
    const listener = await follow(log, 1);
    expect(await listener.untilBroken()).toMatch(/sequence 2\b/);
    expect(listener.texts).toEqual(['1']);
  });

  it('a listener is told of an entry that another program has written too far ahead', async () => {
    const server = await start();
    const log = await openPostgresLog(server.url);
    const listener = await follow(log, 1);
    await appendTexts(log, 'a');
    await server.rows(
      "insert into seamline.entries (stream_id, sequence, time, data) select id, 10, 0, 'x' from seamline.streams",
    );
    expect(await listener.untilBroken()).toMatch(/sequence 2 to 9 are missing/);
    expect(listener.texts).toEqual(['a']);
  });

  it.each(['delete from seamline.entries where sequence > 1', 'truncate seamline.entries'])(
    'the sequences of entries that were deleted by hand are not used again after %s',
    async (statement) => {
      const server = await start();
      const log = await openPostgresLog(server.url);
      const listener = await follow(log, 1);
      await appendTexts(log, '1', '2', '3');
      await listener.until(3);
      await server.rows(statement);
      await server.restart();
      expect(await (await openPostgresLog(server.url)).last()).toBe(3);
      expect(await appendTexts(await openPostgresLog(server.url), '4')).toEqual([4]);
      await listener.until(4);
      expect([listener.texts, listener.reasons]).toEqual([['1', '2', '3', '4'], []]);
    },
  );

  it('a listener goes on after the transaction of another program, which is verified with the next read', async () => {
    const server = await start();
    const log = await openPostgresLog(server.url);
    const listener = await follow(log, 1);
    await server.rows(`select seamline.insert('test', 'key', '{"n":1}')`);
    await listener.until(1);
    await appendTexts(log, 'a');
    const later = await follow(log, 2);
    await Promise.all([listener.until(2), later.until(2)]);
    await appendTexts(log, 'b');
    await Promise.all([listener.until(3), later.until(3)]);
    expect([listener.reasons, later.reasons]).toEqual([[], []]);
    expect(later.texts).toEqual(['a', 'b']);
  });

  it('a long log is trimmed in parts, and leaves nothing of what was trimmed', async () => {
    const server = await start();
    const log = await openPostgresLog(server.url);
    await appendTexts(log, '1');
    await server.rows(`insert into seamline.entries (stream_id, sequence, time, data)
      select id, n, 0, 'x' from seamline.streams, generate_series(2, 25000) n`);
    await log.trim(at(24_990));
    const [row] = await server.rows(
      'select count(*)::integer as count, min(sequence)::integer as first from seamline.entries',
    );
    expect(row).toEqual({ count: 11, first: 24_990 });
    expect(await appendTexts(log, 'next')).toEqual([25_001]);
    // Nobody has deleted anything by hand.
    expect(await server.rows('select deletions::integer from seamline.streams')).toEqual([{ deletions: 0 }]);
  });
});
