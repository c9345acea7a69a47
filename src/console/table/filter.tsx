import { useId, useMemo, useRef, useState } from 'react';
import { type FilterTexts, readWhere, rememberInAddress, textsInAddress } from '../session/row-filter.ts';
import { useSession, useView } from '../session/use-session.ts';

/** The fields for the key prefix and for the filter on values. While the filter is wrong, the rows of the last right one stay. */
export function Filter() {
  const { feed } = useSession();
  const { filter } = useView();
  // The fields show typed text at once; the view follows with the next frame.
  const [typed, setTyped] = useState(textsInAddress);
  /** The last right filter. */
  const where = useRef(filter.where);
  const read = useMemo(() => readWhere(typed.where), [typed.where]);
  const problem = 'problem' in read ? read.problem : undefined;
  const id = useId();

  const change = (part: Partial<FilterTexts>): void => {
    const texts = { ...typed, ...part };
    setTyped(texts);
    rememberInAddress(texts);
    const next = readWhere(texts.where);
    if (!('problem' in next)) where.current = next.where;
    else if (texts.prefix === typed.prefix) return;
    feed.filter({ prefix: texts.prefix, where: where.current });
  };

  const field = { type: 'search', spellCheck: false, autoComplete: 'off' };
  return (
    <>
      <label className="filter">
        <span>Key prefix</span>
        <input
          {...field}
          value={typed.prefix}
          placeholder="any"
          onChange={({ target }) => change({ prefix: target.value })}
        />
      </label>
      <label className="filter where">
        <span>Where (JSON)</span>
        <input
          {...field}
          value={typed.where}
          placeholder='{"path":"/status","eq":"open"}'
          aria-invalid={problem !== undefined}
          aria-describedby={problem === undefined ? undefined : `${id}-problem`}
          onChange={({ target }) => change({ where: target.value })}
        />
      </label>
      <p id={`${id}-problem`} className="reason where-problem" aria-live="polite">
        {problem}
      </p>
    </>
  );
}
