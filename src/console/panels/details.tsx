import { useMemo, useState } from 'react';
import { useMutation } from 'urql';
import { REMOVE } from '../session/documents.ts';
import { failureOf } from '../session/failure.ts';
import { fullTime, pretty } from '../session/format.ts';
import { FailureNotice } from './failure-notice.tsx';
import type { Draft } from './insert-form.tsx';
import { useSession, useView } from '../session/use-session.ts';

interface DetailsProps {
  readonly itemKey: string;
  readonly onClose: () => void;
  readonly onEdit: (draft: Draft) => void;
  readonly onToken: () => void;
}

/** All fields of one item, kept up to date. */
export function Details({ itemKey, onClose, onEdit, onToken }: DetailsProps) {
  const { feed } = useSession();
  useView();
  const item = feed.get(itemKey);
  const text = useMemo(() => (item ? pretty(item.value) : ''), [item]);
  const [{ fetching, error }, remove] = useMutation(REMOVE);
  const [isConfirming, setConfirming] = useState(false);
  const failure = error && failureOf(error);
  return (
    <section className="card details" aria-labelledby="details-title">
      <div className="title">
        <h2 id="details-title">{itemKey}</h2>
        <button className="quiet" onClick={onClose} aria-label="Close">
          ×
        </button>
      </div>
      {item ? (
        <>
          <pre tabIndex={0} aria-label="Value">
            {text}
          </pre>
          <dl>
            <dt>Inserted</dt>
            <dd>{fullTime(item.timestamp)}</dd>
            <dt>Expires</dt>
            <dd>{item.expiresAt ? fullTime(item.expiresAt) : 'never'}</dd>
            <dt>Cursor</dt>
            <dd>
              <code>{item.cursor}</code>
            </dd>
          </dl>
          <div className="actions">
            <button onClick={() => onEdit({ key: item.key, value: text, ttl: '', ifAbsent: false })}>Edit</button>
            {isConfirming ? (
              <button className="danger" disabled={fetching} onClick={() => void remove({ key: itemKey })}>
                Confirm removal
              </button>
            ) : (
              <button onClick={() => setConfirming(true)}>Remove</button>
            )}
          </div>
        </>
      ) : (
        <p>This item is no longer in the map.</p>
      )}
      <FailureNotice
        failure={failure}
        otherwise={failure && Object.values(failure.fields).join(' ')}
        onToken={onToken}
      />
    </section>
  );
}
