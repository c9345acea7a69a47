import type { Logger } from '../../src/core/model/logger.ts';
import type { OrderedLog } from '../../src/core/replication/ordered-log.ts';
import { hearing } from '../support/engines/kept.ts';

/** Everything that a log says when it can't be opened: the error with all its causes, and the lines that it logs. */
export async function refusalToOpen(make: (logger: Logger) => OrderedLog): Promise<string> {
  const { logger, lines } = hearing();
  const log = make(logger);
  let error: unknown = await log.open().then(
    () => new Error('it was opened'),
    (refusal: unknown) => refusal,
  );
  await log.close();
  const said = [...lines];
  for (; error instanceof Error; error = error.cause) said.push(`${error.name}: ${error.message} ${error.stack}`);
  return said.join('\n');
}
