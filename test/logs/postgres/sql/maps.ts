import { onTestFinished } from 'vitest';
import { StreamingMap } from '../../../../src/core/streaming-map.ts';
import type { PostgresLogOptions } from '../../../../src/logs/postgres/options.ts';
import { postgresLog } from '../../../../src/logs/postgres/postgres-log.ts';

/** A node's map, which closes with the test. */
export async function openMapOn(url: string, options: Omit<PostgresLogOptions, 'url'> = {}): Promise<StreamingMap> {
  const map = await StreamingMap.open({ log: postgresLog({ url, ...options }) });
  onTestFinished(() => map.close());
  return map;
}

/** The URL with another user, and maybe another database. */
export function urlAs(url: string, user: string, database?: string): string {
  const other = new URL(url);
  other.username = encodeURIComponent(user);
  if (database !== undefined) other.pathname = database;
  return other.href;
}
