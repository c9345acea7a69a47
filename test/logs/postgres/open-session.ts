/** Sessions of nodes without the rest of a log: nobody builds snapshots or checks the log. */
import { onTestFinished } from 'vitest';
import { postgresDriver } from '../../../src/logs/postgres/driver.ts';
import type { RemoteLogSession } from '../../../src/logs/remote/driver.ts';

/** On the log `test`. Ends with the test. */
export async function openSession(url: string): Promise<RemoteLogSession> {
  const session = await postgresDriver({ url, stream: 'test' }).connect(() => {});
  onTestFinished(() => session.close());
  await session.ensure(true);
  return session;
}
