import { type FormEvent, useState } from 'react';

interface TokenFormProps {
  readonly reason: string | undefined;
  readonly hasToken: boolean;
  readonly onSignIn: (token: string | undefined) => void;
  readonly onCancel: (() => void) | undefined;
}

export function TokenForm({ reason, hasToken, onSignIn, onCancel }: TokenFormProps) {
  const [token, setToken] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSignIn(token.trim().replace(/^Bearer\s+/i, ''));
  };
  return (
    <main className="gate">
      <form className="card" onSubmit={submit} aria-labelledby="token-title">
        <h2 id="token-title">A token, please</h2>
        {reason !== undefined && <p role="alert">{reason}</p>}
        <label>
          <span>JSON Web Token</span>
          <textarea
            rows={5}
            value={token}
            spellCheck={false}
            autoComplete="off"
            // It is what the page is about now.
            autoFocus
            required
            onChange={({ target }) => setToken(target.value)}
          />
        </label>
        <p className="note">
          It stays in this tab, until the tab is closed, and goes to this server only, never into an address.
        </p>
        <div className="actions">
          <button className="primary">Use it</button>
          {hasToken && (
            <button type="button" onClick={() => onSignIn(undefined)}>
              Forget the present one
            </button>
          )}
          {onCancel && (
            <button type="button" onClick={onCancel}>
              Back
            </button>
          )}
        </div>
      </form>
    </main>
  );
}
