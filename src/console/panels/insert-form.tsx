import { type FormEvent, useId, useRef, useState } from 'react';
import { useMutation } from 'urql';
import type { InsertItemInput } from '../../../schema/documents/graphql.ts';
import { INSERT } from '../session/documents.ts';
import { type Failure, failureOf, FIELDS } from '../session/failure.ts';
import { Labelled } from './labelled.tsx';

export interface Draft {
  readonly key: string;
  /** JSON, as it is typed. */
  readonly value: string;
  readonly ttl: string;
  readonly ifAbsent: boolean;
}

export const EMPTY_DRAFT: Draft = { key: '', value: '{ "text": "hello" }', ttl: '', ifAbsent: false };

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
  /** The same draft again is the same insertion: an answer that was lost makes no second one. */
  const sent = useRef<{ draft: Draft; idempotencyKey: string } | undefined>(undefined);

  const fail = (why: Failure): void => {
    setFailure(why);
    const first = FIELDS.find((name) => why.fields[name] !== undefined);
    if (first) form.current?.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
  };

  const submit = async (): Promise<void> => {
    setDone('');
    const reading = read(draft);
    if (!reading.input) return fail(reading.why);
    const { input } = reading;
    if (sent.current?.draft !== draft) sent.current = { draft, idempotencyKey: randomKey() };
    const { error } = await insert({ input: { ...input, idempotencyKey: sent.current.idempotencyKey } });
    if (error) return fail(failureOf(error));
    sent.current = undefined;
    setFailure(undefined);
    setDone(`“${draft.key}” is in.`);
  };

  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    void submit();
  };

  const change = (part: Partial<Draft>): void => onDraft({ ...draft, ...part });
  const wrong = failure?.fields ?? {};
  return (
    <form ref={form} className="card insert" aria-labelledby={title} onSubmit={onSubmit} noValidate>
      <h2 id={title}>Insert</h2>
      <Labelled name="Key" wrong={wrong.key}>
        {(given) => (
          <input
            {...given}
            name="key"
            value={draft.key}
            spellCheck={false}
            autoComplete="off"
            onChange={({ target }) => change({ key: target.value })}
          />
        )}
      </Labelled>
      <Labelled name="Value (JSON)" wrong={wrong.value}>
        {(given) => (
          <textarea
            {...given}
            name="value"
            rows={4}
            value={draft.value}
            spellCheck={false}
            onChange={({ target }) => change({ value: target.value })}
          />
        )}
      </Labelled>
      <Labelled name="Expires after (seconds)" wrong={wrong.ttl}>
        {(given) => (
          <input
            {...given}
            name="ttl"
            value={draft.ttl}
            inputMode="numeric"
            autoComplete="off"
            placeholder="as the server says"
            onChange={({ target }) => change({ ttl: target.value })}
          />
        )}
      </Labelled>
      <label className="check">
        <input
          type="checkbox"
          checked={draft.ifAbsent}
          onChange={({ target }) => change({ ifAbsent: target.checked })}
        />
        Only if there is none with this key
      </label>
      <div className="actions">
        <button className="primary" disabled={fetching}>
          Insert
        </button>
        <span role="status" className="note">
          {done}
        </span>
      </div>
      {failure?.text !== undefined && (
        <p className="bad" role="alert">
          {failure.text}{' '}
          {failure.needsToken && (
            <button type="button" onClick={onToken}>
              Another token
            </button>
          )}
        </p>
      )}
    </form>
  );
}

/** What can be seen to be wrong without asking the server; all else it says itself. */
type Reading = { readonly input: InsertItemInput } | { readonly input?: undefined; readonly why: Failure };

function read({ key, value, ttl, ifAbsent }: Draft): Reading {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value, refuseRounded);
  } catch (error) {
    const { message } = error as Error;
    return { why: { fields: { value: error instanceof RangeError ? message : `This is not JSON: ${message}` } } };
  }
  if (parsed === null) return { why: { fields: { value: 'A value can’t be null; to take an item away, remove it.' } } };
  if (ttl !== '' && !/^-?\d{1,9}$/.test(ttl.trim())) return { why: { fields: { ttl: 'Whole seconds, such as 60.' } } };
  return { input: { key, value: parsed, ifAbsent, ttl: ttl === '' ? undefined : Number(ttl) } };
}

/** What JavaScript would send instead, the server couldn't tell from what was typed. */
function refuseRounded(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined) return value;
  const isRounded =
    Number.isInteger(value) && !Number.isSafeInteger(value) && !/e/i.test(source) && source !== String(value);
  const isLost = !Number.isFinite(value) || (value === 0 && /[1-9]/.test(source.split(/e/i)[0] ?? ''));
  if (isRounded || isLost) throw new RangeError(`${source} can’t be kept exactly as a number: send it as a string.`);
  return value;
}

/** Of 128 bits. `crypto.randomUUID` is there in secure contexts only. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-');
}
