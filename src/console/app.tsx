import { useEffect, useState } from 'react';
import { Provider } from 'urql';
import { Details } from './panels/details.tsx';
import { endOf } from './session/failure.ts';
import { Header } from './panels/header.tsx';
import { type Draft, EMPTY_DRAFT, InsertForm } from './panels/insert-form.tsx';
import { OutageNotice } from './panels/outage-notice.tsx';
import { Overview } from './panels/overview.tsx';
import { Table } from './table/table.tsx';
import { TokenForm } from './panels/token-form.tsx';
import { SessionContext, useTokenSession, useView } from './session/use-session.ts';

export function App() {
  const { session, signIn } = useTokenSession();
  if (!session) return null;
  return (
    <SessionContext value={session}>
      <Provider value={session.graphql}>
        <Page key={session.token ?? ''} token={session.token} signIn={signIn} />
      </Provider>
    </SessionContext>
  );
}

interface PageProps {
  readonly token: string | undefined;
  readonly signIn: (token: string | undefined) => void;
}

function Page({ token, signIn }: PageProps) {
  const { error } = useView();
  const [asksForToken, askForToken] = useState(false);
  const [selected, select] = useState<string>();
  const [draft, setDraft] = useState<Draft>(EMPTY_DRAFT);
  const end = error === undefined ? undefined : endOf(error, token !== undefined);
  const needsToken = end?.needsToken === true;

  // While the server requires a token, no item is visible.
  useEffect(() => {
    if (needsToken) select(undefined);
  }, [needsToken]);

  const reason = needsToken ? end.text : undefined;
  return (
    <div className="page">
      <Header hasToken={token !== undefined} onToken={() => askForToken(true)} />
      {needsToken || asksForToken ? (
        <TokenForm
          reason={token === undefined ? reason : (reason ?? 'A new token replaces the current token of this tab.')}
          hasToken={token !== undefined}
          onSignIn={(newToken) => {
            askForToken(false);
            signIn(newToken);
          }}
          onCancel={needsToken ? undefined : () => askForToken(false)}
        />
      ) : (
        <>
          <Overview />
          <OutageNotice />
          {end && (
            <p className="notice bad" role="alert">
              {end.text} <button onClick={() => location.reload()}>Reload the page</button>
            </p>
          )}
          <main className="work">
            <Table selected={selected} onSelect={select} />
            <aside className="side" aria-label="Details and insert form">
              {selected !== undefined && (
                <Details
                  key={selected}
                  itemKey={selected}
                  onClose={() => select(undefined)}
                  onEdit={setDraft}
                  onToken={() => askForToken(true)}
                />
              )}
              <InsertForm draft={draft} onDraft={setDraft} onToken={() => askForToken(true)} />
            </aside>
          </main>
        </>
      )}
    </div>
  );
}
