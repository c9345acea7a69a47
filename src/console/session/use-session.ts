import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { ConnectionState } from './connection.ts';
import type { View } from './feed.ts';
import type { Series } from './samples.ts';
import { keepToken, keptToken, openSession, type Session } from './session.ts';

/** A session for the token that is kept, and what changes the token: another session comes then. */
export function useOneSession(): { session: Session | undefined; signIn: (token: string | undefined) => void } {
  // An object: the same token again is another try.
  const [kept, setKept] = useState(() => ({ token: keptToken() }));
  const [session, setSession] = useState<Session>();
  useEffect(() => {
    const opened = openSession(kept.token);
    setSession(opened);
    return () => opened.close();
  }, [kept]);
  const signIn = (given: string | undefined): void => {
    keepToken(given);
    setKept({ token: given });
  };
  return { session, signIn };
}

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('there is no session around this component');
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
