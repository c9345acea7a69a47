import { useEffect, useMemo, useState } from 'react';
import { Provider } from 'urql';
import { useIsNarrow } from './controls/use-is-narrow.ts';
import { Details } from './panels/details.tsx';
import { Header } from './panels/header.tsx';
import { InsertForm } from './panels/insert-form.tsx';
import { OutageNotice } from './panels/outage-notice.tsx';
import { Overview } from './panels/overview.tsx';
import { Table } from './table/table.tsx';
import { TokenForm } from './panels/token-form.tsx';
import type { Collection } from './server/collections.ts';
import { type Draft, emptyDraft } from './server/draft.ts';
import { endOf } from './server/failure.ts';
import { SessionContext, useOwnSession, useSession, useView } from './session/use-session.ts';

export function App() {
  const { session, signIn, show } = useOwnSession();
  if (!session) return null;
  return (
    <SessionContext value={session}>
      <Provider value={session.graphql}>
        <Page key={session.token ?? ''} token={session.token} signIn={signIn} onCollection={show} />
      </Provider>
    </SessionContext>
  );
}

interface PageProps {
  readonly token: string | undefined;
  readonly signIn: (token: string | undefined) => void;
  readonly onCollection: (collection: Collection) => void;
}

function Page({ token, signIn, onCollection }: PageProps) {
  const { collection } = useSession();
  const { error } = useView();
  const [asksForToken, askForToken] = useState(false);
  const [drafts, setDrafts] = useState<ReadonlyMap<Collection, Draft>>(new Map());
  const empty = useMemo(() => emptyDraft(collection), [collection]);
  const end = error === undefined ? undefined : endOf(error);
  const needsToken = end?.needsToken === true;
  const reason = needsToken ? end.text : undefined;
  return (
    <div className="page">
      <Header
        hasToken={token !== undefined}
        isRefused={needsToken}
        onToken={() => askForToken(true)}
        onCollection={onCollection}
      />
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
          <Work
            key={collection.plural}
            draft={drafts.get(collection) ?? empty}
            onDraft={(draft) => setDrafts(new Map([...drafts, [collection, draft ?? empty]]))}
            onToken={() => askForToken(true)}
          />
        </>
      )}
    </div>
  );
}

interface WorkProps {
  readonly draft: Draft;
  /** Undefined: the one of a new item. */
  readonly onDraft: (draft: Draft | undefined) => void;
  readonly onToken: () => void;
}

/** The table, and the side panel with the details and the form. */
function Work({ draft, onDraft, onToken }: WorkProps) {
  const isNarrow = useIsNarrow();
  const [selected, select] = useState<string>();
  /** Whether the details of the selected item are open. On a narrow window the arrow keys only select. */
  const [isOpen, setOpen] = useState(false);

  // The narrow layout has no panel that could stay open.
  useEffect(() => {
    if (isNarrow) setOpen(false);
  }, [isNarrow]);

  const close = (): void => {
    setOpen(false);
    // The sheet returns to the selected row.
    if (!isNarrow) select(undefined);
  };
  return (
    <main className="work">
      <Table
        selected={selected}
        onSelect={(key) => {
          select(key);
          setOpen(!isNarrow);
        }}
        onOpen={(key) => {
          select(key);
          setOpen(true);
        }}
      />
      <aside className="side" aria-label="Details and insert form">
        {selected !== undefined && isOpen && (
          <Details
            key={selected}
            itemKey={selected}
            isSheet={isNarrow}
            onClose={close}
            onEdit={(newDraft) => {
              if (isNarrow) close();
              onDraft(newDraft);
            }}
            onToken={onToken}
          />
        )}
        <InsertForm draft={draft} onDraft={onDraft} onToken={onToken} />
      </aside>
    </main>
  );
}
