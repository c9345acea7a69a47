import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { useMutation } from 'urql';
import type { InsertItemInput } from '../../../schema/documents/graphql.ts';
import { VisibleText } from '../controls/visible-text.tsx';
import { INSERT } from '../session/documents.ts';
import { type Failure, failureOf, FIELDS } from '../session/failure.ts';
import { escapeAll, parseExactly } from '../session/format.ts';
import { FailureNotice } from './failure-notice.tsx';
import { TextField } from './text-field.tsx';

export interface Draft {
  readonly key: string;
  /** The JSON text in the field. */
  readonly value: string;
  readonly ttl: string;
  readonly ifAbsent: boolean;
  /** The item that the draft was copied from, another object for each copy; undefined for a new item. */
  readonly edited?: { readonly key: string } | undefined;
}

export const EMPTY_DRAFT: Draft = { key: '', value: '{ "text": "hello" }', ttl: '', ifAbsent: false };

const INPUTS = [
  { name: 'key', label: 'Key' },
  { name: 'ttl', label: 'Expires after (seconds)', inputMode: 'numeric', placeholder: 'server default' },
  { name: 'value', label: 'Value (JSON)', rows: 4 },
] as const;

interface InsertFormProps {
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
  readonly onToken: () => void;
}

export function InsertForm({ draft, onDraft, onToken }: InsertFormProps) {
  const [failure, setFailure] = useState<Failure>();
  const [done, setDone] = useState('');
  const [{ fetching }, insert] = useMutation(INSERT);
  const form = useRef<HTMLFormElement>(null);
  const title = useId();
  // With another key the draft is a new item.
  const isEdit = draft.edited?.key === draft.key;
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
    const parsed = parse(draft);
    if (!parsed.input) return fail(parsed.failure);
    const { input } = parsed;
    if (sent.current?.draft !== draft) sent.current = { draft, idempotencyKey: randomKey() };
    const { error } = await insert({ input: { ...input, idempotencyKey: sent.current.idempotencyKey } });
    if (error) return fail(failureOf(error));
    sent.current = undefined;
    setFailure(undefined);
    setDone(`“${escapeAll(draft.key)}” was ${isEdit ? 'saved' : 'inserted'}.`);
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
            Edit <VisibleText>{draft.key}</VisibleText>
          </>
        ) : (
          'Insert'
        )}
      </h2>
      <div className="fields">
        {INPUTS.map((input) => (
          <TextField
            key={input.name}
            {...input}
            value={draft[input.name]}
            problem={failure?.fields[input.name]}
            onValue={(value) => change({ [input.name]: value })}
          />
        ))}
      </div>
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
          <button type="button" onClick={() => onDraft(EMPTY_DRAFT)}>
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

type Parsed = { readonly input: InsertItemInput } | { readonly input?: undefined; readonly failure: Failure };

/** Checks only what the server can't check: that the fields can be sent as a mutation. */
function parse({ key, value, ttl, ifAbsent }: Draft): Parsed {
  const invalid = (fields: Failure['fields']): Parsed => ({ failure: { fields } });
  let json: unknown;
  try {
    json = parseExactly(value);
  } catch (error) {
    const { message } = error as Error;
    return invalid({ value: error instanceof RangeError ? message : `This is not valid JSON: ${message}` });
  }
  if (json === null) return invalid({ value: 'A value can’t be null. To delete an item, remove it.' });
  if (ttl !== '' && !/^-?\d{1,9}$/.test(ttl.trim())) return invalid({ ttl: 'Enter whole seconds, such as 60.' });
  return { input: { key, value: json, ifAbsent, ttl: ttl === '' ? undefined : Number(ttl) } };
}

/** 128 random bits. `crypto.randomUUID` exists only in secure contexts. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-');
}
