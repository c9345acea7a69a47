import type { OrderedLog } from '../../core/replication/ordered-log.ts';
import { RemoteLog } from '../remote/remote-log.ts';
import { postgresDriver } from './driver.ts';
import type { PostgresLogOptions } from './options.ts';

export type { PostgresLogOptions } from './options.ts';

/**
 * A log in PostgreSQL 13 or newer, for any number of nodes: tables in the schema `seamline`, which the first start creates. Transactions of
 * other programs insert and remove items with `seamline.insert` and `seamline.remove`: docs/postgres.md. An insertion that is answered is
 * committed, and as durable as `synchronous_commit` says. Needs the package `pg`.
 *
 * It connects when a map opens it: `open` rejects with `ENGINE_UNAVAILABLE` when no server can be reached, and with an error
 * that says what to change when the server can't hold the log.
 *
 * @throws RangeError for an option with an impossible value, and for a file that can't be read.
 *
 * @example
 * ```ts
 * import { StreamingMap } from 'seamline';
 * import { postgresLog } from 'seamline/postgres';
 *
 * const map = await StreamingMap.open({ log: postgresLog({ url: 'postgres://localhost:5432/shop' }) });
 * ```
 */
export function postgresLog(options: PostgresLogOptions): OrderedLog {
  const { logger: _, ...rest } = options;
  return new RemoteLog(postgresDriver(options), options, { url: import.meta.url, name: 'postgresLog', options: rest });
}
