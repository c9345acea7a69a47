/** Connections of a node to PostgreSQL, which end with their test. */
import { onTestFinished } from 'vitest';
import { SILENT } from '../../../../src/core/model/logger.ts';
import { Connection } from '../../../../src/logs/postgres/connection.ts';
import { type PostgresLogOptions, serverAddresses } from '../../../../src/logs/postgres/options.ts';

/** Rejects with `EngineUnavailableError`. */
export async function connect({ engineTimeoutMs = 5000, ...options }: PostgresLogOptions): Promise<Connection> {
  const servers = serverAddresses(options);
  const connection = await Connection.open({ servers, timeoutMs: engineTimeoutMs, logger: SILENT });
  onTestFinished(() => connection.close());
  return connection;
}

/** Why no connection can be made, with all causes: everything that may be logged. */
export async function refusalToConnect(options: PostgresLogOptions): Promise<string> {
  const said: string[] = [];
  let error: unknown = await connect({ engineTimeoutMs: 1000, ...options }).then(
    () => new Error('it was opened'),
    (refusal: unknown) => refusal,
  );
  for (; error instanceof Error; error = error.cause) said.push(`${error.name}: ${error.message}`);
  return said.join('\n');
}

/** `URL` with credentials in it, instead of those that it has. */
export const as = (url: string, credentials: string): string => url.replace(/\/\/[^/]*@/, `//${credentials}@`);
