import { newEpoch } from '../../../src/core/model/position.ts';
import { postgresLog } from '../../../src/logs/postgres/postgres-log.ts';
import { schemaScript } from '../../../src/logs/postgres/schema/schema-script.ts';
import type { EngineServer } from '../engines/engine-server.ts';
import { PostgresServer, type StartPostgres } from '../engines/postgres.ts';
import { flipped, type RemoteEngine } from './remote-engine.ts';

function serverOf(server: EngineServer): PostgresServer {
  if (server instanceof PostgresServer) return server;
  throw new TypeError('this is no PostgreSQL');
}

async function numberFrom(server: EngineServer, text: string): Promise<number> {
  const [row = {}] = await serverOf(server).rows(text);
  return Number(Object.values(row)[0]);
}

/** One request of several statements, which are one transaction. */
const run = (server: EngineServer, ...statements: readonly string[]): Promise<unknown> =>
  serverOf(server).rows(statements.join(';'));

const anotherLog = (): string => `insert into seamline.streams (name, epoch) values ('test', '${newEpoch()}')`;

const DELETE_SNAPSHOTS = 'delete from seamline.snapshots; delete from seamline.snapshot_pieces';
/** The first call moves the beginning of the log, and the second one deletes. */
const TRIM = Array(2)
  .fill('select seamline.trim(id, epoch, seamline.last_sequence(id) + 1) from seamline.streams')
  .join(';');
const NEWEST_SNAPSHOT = '(select id from seamline.snapshots where published order by id desc limit 1)';

export const postgresEngine = (start: StartPostgres): RemoteEngine => ({
  name: 'postgres',
  title: 'PostgreSQL',
  knowsIds: false,
  codesWhenPaused: /^(INDETERMINATE|ENGINE_UNAVAILABLE)$/,
  start: ({ tls } = {}) => start(tls ? { tls } : {}),
  log: (url, options = {}) => postgresLog({ url, stream: 'test', ...options }),
  losses: {
    'has lost the row of the stream': (server) => run(server, 'delete from seamline.streams', anotherLog()),
    'was emptied': (server) =>
      run(
        server,
        'truncate seamline.streams, seamline.entries, seamline.snapshots, seamline.snapshot_pieces restart identity',
        anotherLog(),
      ),
    'has lost the schema': async (server) => {
      await run(server, 'alter schema seamline rename to elsewhere');
      await run(server, schemaScript());
      await run(server, anotherLog());
    },
  },
  async appendForeign(server) {
    await run(
      server,
      `insert into seamline.entries (stream_id, sequence, time, data)
       select id, seamline.last_sequence(id) + 1, 0, 'foreign' from seamline.streams`,
    );
    return 'foreign';
  },
  resources: async (server) => () =>
    numberFrom(server, "select count(*) from pg_stat_activity where application_name = 'seamline'"),
  first: (server) => numberFrom(server, 'select min(sequence) from seamline.entries'),
  snapshotCount: (server) => numberFrom(server, 'select count(distinct snapshot_id) from seamline.snapshot_pieces'),
  purge: (server) => run(server, TRIM),
  removals: {
    'trims the log and deletes the snapshots': (server) => run(server, DELETE_SNAPSHOTS, TRIM),
    'truncates the tables of the entries and of the snapshots': (server) =>
      run(server, 'truncate seamline.entries', 'truncate seamline.snapshots'),
    'deletes the first entries and the snapshots': (server) =>
      run(server, DELETE_SNAPSHOTS, 'delete from seamline.entries where sequence < 9'),
    'deletes the pieces of the snapshots after the log was trimmed': (server) =>
      run(server, 'delete from seamline.snapshot_pieces', TRIM),
    'deletes an entry from the middle': (server) =>
      run(server, DELETE_SNAPSHOTS, 'delete from seamline.entries where sequence = 5'),
    'deletes the newest entry': (server) =>
      run(server, 'delete from seamline.entries where sequence = (select max(sequence) from seamline.entries)'),
    'deletes all entries': (server) => run(server, 'delete from seamline.entries'),
  },
  refuseSnapshots: (server) => run(server, 'alter table seamline.snapshots rename to elsewhere'),
  snapshotFaults: {
    'is damaged': async (server) => {
      const [row] = await serverOf(server).rows(
        `select snapshot_id, data from seamline.snapshot_pieces where number = 0 and snapshot_id = ${NEWEST_SNAPSHOT}`,
      );
      await serverOf(server).rows(
        'update seamline.snapshot_pieces set data = $2 where number = 0 and snapshot_id = $1',
        [row?.['snapshot_id'], flipped(row?.['data'] as Uint8Array | undefined)],
      );
    },
    'has lost its pieces': (server) =>
      run(server, `delete from seamline.snapshot_pieces where snapshot_id = ${NEWEST_SNAPSHOT}`),
  },
});
