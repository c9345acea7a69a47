import { type ReactNode, useId } from 'react';

interface LabelledProps {
  readonly name: string;
  readonly wrong: string | undefined;
  readonly children: (given: {
    readonly id: string;
    readonly 'aria-invalid': boolean;
    readonly 'aria-describedby': string | undefined;
  }) => ReactNode;
}

/** A field, its label, and what is wrong with what is in it. */
export function Labelled({ name, wrong, children }: LabelledProps) {
  const id = useId();
  const reason = `${id}-reason`;
  const isWrong = wrong !== undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{name}</label>
      {children({ id, 'aria-invalid': isWrong, 'aria-describedby': isWrong ? reason : undefined })}
      <p id={reason} className="reason" aria-live="polite">
        {wrong}
      </p>
    </div>
  );
}
