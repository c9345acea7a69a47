import { SILENT } from '../../core/model/logger.ts';
import { REMOTE_DEFAULTS } from '../remote/options.ts';
import { Connection } from './connection.ts';
import { type PostgresLogOptions, serverAddresses } from './options.ts';

/**
 * From now on `seamline.insert` checks the values for each of these streams by its shape. The caller has made sure that the stored items
 * fit: a node that refuses to start leaves writers alone.
 *
 * @throws {EngineUnavailableError}
 */
export async function setShapes(options: PostgresLogOptions, shapes: ReadonlyMap<string, object>): Promise<void> {
  const { engineTimeoutMs: timeoutMs = REMOTE_DEFAULTS.engineTimeoutMs, logger = SILENT } = options;
  const connection = await Connection.open({ servers: serverAddresses(options), timeoutMs, logger });
  try {
    await connection.query(
      `update seamline.streams set shape = given.shape
       from unnest($1::text[], $2::jsonb[]) as given (name, shape)
       where streams.name = given.name and streams.shape is distinct from given.shape`,
      [[...shapes.keys()], [...shapes.values()].map((shape) => JSON.stringify(shape))],
    );
  } finally {
    connection.close();
  }
}
