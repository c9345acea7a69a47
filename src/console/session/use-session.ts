import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { inAddress, rememberInAddress } from '../feed/address.ts';
import { type Collection, collectionNamed } from '../server/collections.ts';
import type { ConnectionState } from '../server/connection.ts';
import type { View } from '../feed/feed.ts';
import type { Series } from '../feed/samples.ts';
import { storeToken, storedToken, openSession, type Session } from './session.ts';

interface OwnSession {
  readonly session: Session | undefined;
  /** Replaces the token, and with it the session. */
  readonly signIn: (token: string | undefined) => void;
  /** Shows another collection, in a session of its own. */
  readonly show: (collection: Collection) => void;
}

/** Opens a session with the stored token, and the collection in the address. */
export function useOwnSession(): OwnSession {
  // An object, so that entering the same token again opens another session.
  const [wanted, setWanted] = useState(() => ({ token: storedToken(), collection: collectionInAddress() }));
  const [session, setSession] = useState<Session>();
  useEffect(() => {
    const opened = openSession(wanted.token, wanted.collection);
    setSession(opened);
    return () => opened.close();
  }, [wanted]);
  useEffect(() => {
    // A link to another collection, or the way back, changes only the fragment.
    const follow = (): void => {
      const collection = collectionInAddress();
      setWanted((before) => (before.collection === collection ? before : { ...before, collection }));
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return {
    session,
    signIn(token) {
      storeToken(token);
      setWanted({ ...wanted, token });
    },
    show(collection) {
      // A filter is for the fields of one collection.
      rememberInAddress({ collection: collection.plural, prefix: '', where: '' });
      setWanted({ ...wanted, collection });
    },
  };
}

const collectionInAddress = (): Collection => collectionNamed(inAddress().collection);

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
