/** Logs on a PostgreSQL server, which end with their test. */
import { onTestFinished } from 'vitest';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { postgresLog, type PostgresLogOptions } from '../../../src/logs/postgres/postgres-log.ts';

export async function openPostgresLog(url: string, options: Partial<PostgresLogOptions> = {}): Promise<OrderedLog> {
  const log = postgresLog({ url, stream: 'test', ...options });
  onTestFinished(() => log.close());
  await log.open();
  return log;
}
