import { useSession, useView } from '../session/use-session.ts';
import { useState } from 'react';

export function Filter() {
  const { feed } = useSession();
  const { prefix } = useView();
  // The field shows typed text at once; the view follows with the next frame.
  const [typed, setTyped] = useState(prefix);
  return (
    <label className="filter">
      <span>Key prefix</span>
      <input
        type="search"
        value={typed}
        spellCheck={false}
        autoComplete="off"
        placeholder="any"
        onChange={({ target }) => {
          setTyped(target.value);
          feed.filter(target.value);
        }}
      />
    </label>
  );
}
