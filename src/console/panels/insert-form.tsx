import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { useMutation } from 'urql';
import { VisibleText } from '../controls/visible-text.tsx';
import { type Draft, keyOfDraft, variablesOf } from '../server/draft.ts';
import { type Failure, failureOf, FIELDS } from '../server/failure.ts';
import { escapeAll } from '../server/format.ts';
import { useSession } from '../session/use-session.ts';
import { FailureNotice } from './failure-notice.tsx';
import { TextField } from './text-field.tsx';

const INPUTS = [
  { name: 'key', label: 'Key' },
  { name: 'ttl', label: 'Expires after (seconds)', inputMode: 'numeric', placeholder: 'server default' },
  { name: 'value', label: 'Value (JSON)', rows: 4 },
] as const;

const TYPED_INPUTS = INPUTS.filter(({ name }) => name !== 'key').toReversed();

interface InsertFormProps {
  readonly draft: Draft;
  /** Undefined: the one of a new item. */
  readonly onDraft: (draft: Draft | undefined) => void;
  readonly onToken: () => void;
}

export function InsertForm({ draft, onDraft, onToken }: InsertFormProps) {
  const { collection } = useSession();
  const [failure, setFailure] = useState<Failure>();
  const [done, setDone] = useState('');
  const [{ fetching }, insert] = useMutation(collection.documents.insert);
  const form = useRef<HTMLFormElement>(null);
  const title = useId();
  const key = keyOfDraft(collection, draft);
  // With another key the draft is a new item.
  const isEdit = draft.edited !== undefined && draft.edited.key === key;
  /** Submitting the same draft again uses the same idempotency key, so a lost response doesn't cause a second insertion. */
  const sent = useRef<{ draft: Draft; idempotencyKey: string } | undefined>(undefined);

  const fail = (reason: Failure): void => {
    setFailure(reason);
    const first = FIELDS.find((name) => reason.fields[name] !== undefined);
    if (first) focus(first);
  };

  const focus = (name: string): void => form.current?.querySelector<HTMLElement>(`[name="${name}"]`)?.focus();

  useEffect(() => {
    if (draft.edited === undefined) return;
    setFailure(undefined);
    setDone('');
    focus('value');
    // On a small window the form is below the table.
    form.current?.scrollIntoView({ block: 'nearest' });
  }, [draft.edited]);

  const submit = async (): Promise<void> => {
    setDone('');
    if (sent.current?.draft !== draft) sent.current = { draft, idempotencyKey: randomKey() };
    const parsed = variablesOf(collection, draft, sent.current.idempotencyKey);
    if (!parsed.variables) return fail(parsed.failure);
    const { error } = await insert(parsed.variables);
    if (error) return fail(failureOf(error, collection));
    sent.current = undefined;
    setFailure(undefined);
    setDone(`“${escapeAll(key ?? '')}” was ${isEdit ? 'saved' : 'inserted'}.`);
  };

  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    void submit();
  };

  const change = (part: Partial<Draft>): void => onDraft({ ...draft, ...part });
  return (
    <form ref={form} className="card insert" aria-labelledby={title} onSubmit={onSubmit} noValidate>
      <h2 id={title}>
        {isEdit ? (
          <>
            Edit <VisibleText>{key ?? ''}</VisibleText>
          </>
        ) : (
          'Insert'
        )}
      </h2>
      <div className="fields">
        {(collection.isTyped ? TYPED_INPUTS : INPUTS).map((input) => (
          <TextField
            key={input.name}
            {...input}
            value={draft[input.name]}
            problem={failure?.fields[input.name]}
            onValue={(value) => change({ [input.name]: value })}
          />
        ))}
      </div>
      {collection.isTyped && (
        <details className="input-fields">
          <summary>Fields and types</summary>
          <pre tabIndex={0} role="group" aria-label="Fields and types">
            {collection.inputSdl}
          </pre>
        </details>
      )}
      <div className="actions">
        {!isEdit && (
          <label className="check">
            <input
              type="checkbox"
              checked={draft.ifAbsent}
              onChange={({ target }) => change({ ifAbsent: target.checked })}
            />
            Only if the key doesn’t exist
          </label>
        )}
        <button className="primary" disabled={fetching}>
          {isEdit ? 'Save' : 'Insert'}
        </button>
        {isEdit && (
          <button type="button" onClick={() => onDraft(undefined)}>
            Cancel
          </button>
        )}
      </div>
      <p role="status" className="note">
        {done}
      </p>
      <FailureNotice failure={failure} onToken={onToken} />
    </form>
  );
}

/** 128 random bits. `crypto.randomUUID` exists only in secure contexts. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-');
}
