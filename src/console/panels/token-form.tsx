import { type FormEvent, useState } from 'react';

interface TokenFormProps {
  readonly reason: string | undefined;
  readonly hasToken: boolean;
  readonly onSignIn: (token: string | undefined) => void;
  readonly onCancel: (() => void) | undefined;
}

export function TokenForm({ reason, hasToken, onSignIn, onCancel }: TokenFormProps) {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<string>();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    // A terminal breaks a long token into lines.
    const entered = token
      .trim()
      .replace(/^Bearer\s+/i, '')
      .replace(/\s+/g, '');
    // A header can't contain other characters.
    const [foreign] = /[^\x21-\x7e]/u.exec(entered) ?? [];
    if (foreign === undefined) onSignIn(entered);
    else setProblem(`This is not a token: it contains “${foreign}”.`);
  };
  return (
    <main className="gate">
      <form className="card" onSubmit={submit} aria-labelledby="token-title">
        <h2 id="token-title">Sign in with a token</h2>
        {(problem ?? reason) !== undefined && <p role="alert">{problem ?? reason}</p>}
        <label>
          <span>JSON Web Token</span>
          <textarea
            rows={5}
            value={token}
            spellCheck={false}
            autoComplete="off"
            // The form is the only content of the page. A user who goes through the collections with the keyboard keeps the focus.
            autoFocus={!(document.activeElement instanceof HTMLSelectElement)}
            required
            onChange={({ target }) => setToken(target.value)}
          />
        </label>
        <p className="note">
          The token is kept in this tab until you close it. It is sent to this server only, and never in a URL.
        </p>
        <div className="actions">
          <button className="primary">Use token</button>
          {hasToken && (
            <button type="button" onClick={() => onSignIn(undefined)}>
              Remove current token
            </button>
          )}
          {onCancel && (
            <button type="button" onClick={onCancel}>
              Cancel
            </button>
          )}
        </div>
      </form>
    </main>
  );
}
