import { useEffect, useState } from 'react';
import { Provider } from 'urql';
import { Absences } from './panels/absences.tsx';
import { Details } from './panels/details.tsx';
import { endOf } from './session/failure.ts';
import { Header } from './panels/header.tsx';
import { type Draft, EMPTY_DRAFT, InsertForm } from './panels/insert-form.tsx';
import { Overview } from './panels/overview.tsx';
import { Table } from './table/table.tsx';
import { TokenForm } from './panels/token-form.tsx';
import { SessionContext, useOneSession, useView } from './session/use-session.ts';

export function App() {
  const { session, signIn } = useOneSession();
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

  // Whoever is asked for a token by the server has nothing else to see.
  useEffect(() => {
    if (needsToken) select(undefined);
  }, [needsToken]);

  const reason = needsToken ? end.text : undefined;
  return (
    <div className="page">
      <Header hasToken={token !== undefined} onToken={() => askForToken(true)} />
      {needsToken || asksForToken ? (
        <TokenForm
          reason={token === undefined ? reason : (reason ?? 'Another token replaces the one that this tab uses.')}
          hasToken={token !== undefined}
          onSignIn={(given) => {
            askForToken(false);
            signIn(given);
          }}
          onCancel={needsToken ? undefined : () => askForToken(false)}
        />
      ) : (
        <>
          <Overview />
          <Absences />
          {end && (
            <p className="notice bad" role="alert">
              {end.text} <button onClick={() => location.reload()}>Load the page again</button>
            </p>
          )}
          <main className="work">
            <Table selected={selected} onSelect={select} />
            <aside className="side" aria-label="Insert and look closer">
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
