import { useId, useMemo, useState } from 'react';
import { useMutation } from 'urql';
import { CopyButton } from '../controls/copy-button.tsx';
import { Sheet } from '../controls/sheet.tsx';
import { VisibleText } from '../controls/visible-text.tsx';
import { mayBeCut } from '../server/cut-values.ts';
import { type Draft, draftOf, keyVariable } from '../server/draft.ts';
import { failureOf } from '../server/failure.ts';
import { fullTime, pretty } from '../server/format.ts';
import { FailureNotice } from './failure-notice.tsx';
import { FieldList } from './field-list.tsx';
import { useSession, useView } from '../session/use-session.ts';

interface DetailsProps {
  readonly itemKey: string;
  /** Whether there is no room for a panel, so that the details open in a sheet. */
  readonly isSheet: boolean;
  readonly onClose: () => void;
  readonly onEdit: (draft: Draft) => void;
  readonly onToken: () => void;
}

/** All fields of one item, kept up to date: in a panel, or in a sheet, which has more room. */
export function Details({ isSheet, ...props }: DetailsProps) {
  const [isExpanded, setExpanded] = useState(false);
  const title = useId();
  if (isSheet)
    return (
      <Sheet labelledBy={title} onClose={props.onClose}>
        <Item {...props} title={title} />
      </Sheet>
    );
  if (!isExpanded) return <Item {...props} title={title} onExpand={() => setExpanded(true)} />;
  const onClose = (): void => setExpanded(false);
  const onEdit = (draft: Draft): void => {
    onClose();
    props.onEdit(draft);
  };
  return (
    <Sheet labelledBy={title} onClose={onClose}>
      <Item {...props} title={title} onClose={onClose} onEdit={onEdit} />
    </Sheet>
  );
}

interface ItemProps extends Omit<DetailsProps, 'isSheet'> {
  /** The id of the title. */
  readonly title: string;
  readonly onExpand?: () => void;
}

function Item({ itemKey, title, onClose, onEdit, onExpand, onToken }: ItemProps) {
  const { feed, collection } = useSession();
  useView();
  const item = feed.get(itemKey);
  const text = useMemo(() => (item ? pretty(item.value) : ''), [item]);
  const [{ fetching, error }, remove] = useMutation(collection.documents.remove);
  const [isConfirming, setConfirming] = useState(false);
  const failure = error && failureOf(error, collection);
  // Saving it would remove what the page doesn’t have.
  const isCut = collection.isTyped && item !== undefined && mayBeCut(collection.fields, item.value);
  return (
    <section className="card details" aria-labelledby={title}>
      <div className="title">
        <h2 id={title}>
          <VisibleText>{itemKey}</VisibleText>
        </h2>
        {onExpand && (
          <button className="quiet" onClick={onExpand}>
            Enlarge
          </button>
        )}
        <button className="quiet close" onClick={onClose} aria-label="Close">
          ×
        </button>
      </div>
      {item ? (
        <>
          {collection.isTyped ? (
            <FieldList fields={collection.fields} value={item.value} />
          ) : (
            <pre tabIndex={0} role="group" aria-label="Value">
              {text}
            </pre>
          )}
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
          {isCut && (
            <p className="note">This value may go deeper than what the page shows, so it can’t be edited here.</p>
          )}
          <div className="actions">
            {!isCut && <button onClick={() => onEdit(draftOf(collection, item.key, item.value))}>Edit</button>}
            {isConfirming ? (
              <button
                className="danger"
                disabled={fetching}
                onClick={() => void remove({ key: keyVariable(collection, itemKey) })}
              >
                Confirm removal
              </button>
            ) : (
              <button onClick={() => setConfirming(true)}>Remove</button>
            )}
            <CopyButton text={text}>Copy value</CopyButton>
            <CopyButton text={itemKey}>Copy key</CopyButton>
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
