import { type Collection, COLLECTIONS } from '../server/collections.ts';
import type { ConnectionState } from '../server/connection.ts';
import { counted } from '../server/format.ts';
import { toggleTheme } from '../session/theme.ts';
import { useConnectionState, useSession, useView } from '../session/use-session.ts';

const LABELS: Readonly<Record<ConnectionState, string>> = {
  connecting: 'Connecting …',
  open: 'Live',
  lost: 'Connection lost, reconnecting …',
  cut: 'Cut: no changes arrive until you resume',
  refused: 'Access refused',
};

interface HeaderProps {
  readonly hasToken: boolean;
  /** Whether the server refuses to show the map with this token, or without one. */
  readonly isRefused: boolean;
  readonly onToken: () => void;
  readonly onCollection: (collection: Collection) => void;
}

export function Header({ hasToken, isRefused, onToken, onCollection }: HeaderProps) {
  const { connection } = useSession();
  const connected = useConnectionState();
  // A token without the scope to read is refused after the connection is open.
  const state = isRefused ? 'refused' : connected;
  const isDelayed = state === 'lost' && connection.delay !== '';
  return (
    <header className="header">
      <h1>
        <Mark />
        seamline
      </h1>
      {COLLECTIONS.length > 1 && <Switch onCollection={onCollection} />}
      <p className={`state ${state}`} role="status">
        <span className="dot" aria-hidden="true" />
        {isDelayed ? `The server asks to wait (${connection.delay}), reconnecting …` : LABELS[state]}
      </p>
      {state === 'open' && <button onClick={() => connection.cut()}>Cut the connection</button>}
      {(state === 'cut' || state === 'lost') && (
        <button className="primary" onClick={() => connection.resume()}>
          {state === 'cut' ? 'Resume' : 'Reconnect now'}
        </button>
      )}
      <nav aria-label="Page">
        {/* Without a token, the page asks for one as soon as the server refuses something. */}
        {hasToken && (
          <button className="quiet" onClick={onToken}>
            Token in use
          </button>
        )}
        <a className="quiet" href="graphql">
          GraphiQL
        </a>
        <button className="quiet" onClick={toggleTheme} aria-label="Light or dark" title="Light or dark">
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <circle cx="8" cy="8" r="6.25" fill="none" stroke="currentColor" strokeWidth="1.5" />
            <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" fill="currentColor" />
          </svg>
        </button>
      </nav>
    </header>
  );
}

interface SwitchProps {
  readonly onCollection: (collection: Collection) => void;
}

/** Chooses the collection that the page shows. */
function Switch({ onCollection }: SwitchProps) {
  const { collection } = useSession();
  const { isLoaded, atLoad } = useView();
  return (
    <div className="switch">
      <label>
        <span>Collection</span>
        <select
          value={collection.plural}
          onChange={({ target }) => {
            const chosen = COLLECTIONS[target.selectedIndex];
            if (chosen) onCollection(chosen);
          }}
        >
          {COLLECTIONS.map(({ plural }) => (
            <option key={plural}>{plural}</option>
          ))}
        </select>
      </label>
      <p role="status" className="off-screen">
        {isLoaded && `${collection.plural}: ${counted(atLoad, 'item')}`}
      </p>
    </div>
  );
}

/** The logo: two pieces, and the seam between them. */
function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
      <rect className="mark-after" x="2" y="2" width="28" height="12" rx="4" />
      <rect className="mark-before" x="2" y="18" width="28" height="12" rx="4" />
      <path className="mark-seam" d="M5 16h22" />
    </svg>
  );
}
