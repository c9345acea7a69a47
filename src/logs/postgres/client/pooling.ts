/**
 * A pooler such as PgBouncer may give a client another session for each transaction. Locks, LISTEN and settings of a node would land in
 * sessions of other clients, so a node refuses such a pooler before it sets anything.
 */
import type { Query, ServerClient } from './server-client.ts';

const ROUNDS = 3;

/** Whether the session is that of the client: a pooler gives out numbers of its own. */
export const isPooled = (client: ServerClient, processId: unknown): boolean => client.processId !== processId;

/**
 * Whether one client gets several sessions, or two clients get the same. That never happens when each client has its own, because both are
 * connected all the time. `openAnother` connects a second client.
 */
export async function sharesSessions(
  { query }: ServerClient,
  openAnother: () => Promise<ServerClient>,
): Promise<boolean> {
  const own = await sessionOf(query);
  // Several in a row: a pooler that gives out its sessions in turn would otherwise give each of two clients always the same one.
  const changes = async (): Promise<boolean> => {
    for (let n = 0; n < ROUNDS; n++) if ((await sessionOf(query)) !== own) return true;
    return false;
  };
  if (await changes()) return true;
  const another = await openAnother();
  try {
    const theirs = await sessionOf(another.query);
    for (let n = 0; n < ROUNDS; n++) {
      if (theirs === own || (await sessionOf(another.query)) !== theirs || (await changes())) return true;
    }
    return false;
  } finally {
    another.end();
  }
}

/** Servers may have processes of the same number. */
async function sessionOf(query: Query): Promise<string> {
  const [[processId, start] = []] = await query('select pg_backend_pid(), pg_postmaster_start_time()');
  return `${String(processId)} ${String(start)}`;
}
