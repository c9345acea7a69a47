import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { ConnectionState } from './connection.ts';
import type { View } from './feed.ts';
import type { Series } from './samples.ts';
import { storeToken, storedToken, openSession, type Session } from './session.ts';

/** Opens a session with the stored token. `signIn` replaces the token, and with it the session. */
export function useTokenSession(): { session: Session | undefined; signIn: (token: string | undefined) => void } {
  // An object, so that entering the same token again opens another session.
  const [stored, setStored] = useState(() => ({ token: storedToken() }));
  const [session, setSession] = useState<Session>();
  useEffect(() => {
    const opened = openSession(stored.token);
    setSession(opened);
    return () => opened.close();
  }, [stored]);
  const signIn = (token: string | undefined): void => {
    storeToken(token);
    setStored({ token });
  };
  return { session, signIn };
}

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('useSession must be used inside a SessionContext');
  return session;
}

export function useView(): View {
  const { feed } = useSession();
  return useSyncExternalStore(feed.changed.subscribe, () => feed.view);
}

export function useSeries(): Series {
  const { samples } = useSession();
  return useSyncExternalStore(samples.changed.subscribe, () => samples.series);
}

export function useConnectionState(): ConnectionState {
  const { connection } = useSession();
  return useSyncExternalStore(connection.changed.subscribe, () => connection.state);
}
