import { useSession, useView } from '../session/use-session.ts';
import { useState } from 'react';

export function Filter() {
  const { feed } = useSession();
  const { prefix } = useView();
  // What is typed shows at once; the view follows with the next frame.
  const [typed, setTyped] = useState(prefix);
  return (
    <label className="filter">
      <span>Keys that begin with</span>
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
