import { useId, useMemo, useRef, useState } from 'react';
import { type FilterTexts, inAddress, rememberInAddress } from '../feed/address.ts';
import { EVERY_ROW, readWhere } from '../feed/row-filter.ts';
import { useSession, useView } from '../session/use-session.ts';

function textsInAddress(): FilterTexts {
  const { prefix, where } = inAddress();
  return { prefix, where };
}

/** The fields for the key prefix and for the filter on values. While the filter is wrong, the rows of the last right one stay. */
export function Filter() {
  const { feed, collection } = useSession();
  const { filterProblem } = useView();
  // The fields show typed text at once; the view follows with the next frame.
  const [typed, setTyped] = useState(textsInAddress);
  const read = useMemo(() => readWhere(typed.where, collection), [typed.where, collection]);
  /** The last right filter. */
  const right = useRef('problem' in read ? EVERY_ROW : read);
  const problem = 'problem' in read ? read.problem : filterProblem;
  const id = useId();

  const change = (part: Partial<FilterTexts>): void => {
    const texts = { ...typed, ...part };
    setTyped(texts);
    rememberInAddress(texts);
    const next = readWhere(texts.where, collection);
    if (!('problem' in next)) right.current = next;
    else if (texts.prefix === typed.prefix) return;
    feed.filter({ ...right.current, prefix: texts.prefix });
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
          placeholder={collection.example.where}
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
