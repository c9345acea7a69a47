import { type ChangeEvent, useId } from 'react';

interface TextFieldProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly problem: string | undefined;
  /** Makes a field of several lines. */
  readonly rows?: number;
  readonly inputMode?: 'numeric';
  readonly placeholder?: string;
}

/** A field with its label, and the problem with its content. */
export function TextField({ label, onValue, problem, rows, ...attributes }: TextFieldProps) {
  const id = useId();
  const field = {
    ...attributes,
    id,
    spellCheck: false,
    autoComplete: 'off',
    'aria-invalid': problem !== undefined,
    'aria-describedby': problem === undefined ? undefined : `${id}-problem`,
    onChange: ({ target }: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => onValue(target.value),
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {rows === undefined ? <input {...field} /> : <textarea rows={rows} {...field} />}
      <p id={`${id}-problem`} className="reason" aria-live="polite">
        {problem}
      </p>
    </div>
  );
}
