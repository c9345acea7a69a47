import { type ReactNode, useId } from 'react';

interface LabelledFieldProps {
  readonly name: string;
  readonly problem: string | undefined;
  readonly children: (attributes: {
    readonly id: string;
    readonly 'aria-invalid': boolean;
    readonly 'aria-describedby': string | undefined;
  }) => ReactNode;
}

/** A field with its label, and the problem with its content. */
export function LabelledField({ name, problem, children }: LabelledFieldProps) {
  const id = useId();
  const reason = `${id}-reason`;
  const isWrong = problem !== undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{name}</label>
      {children({ id, 'aria-invalid': isWrong, 'aria-describedby': isWrong ? reason : undefined })}
      <p id={reason} className="reason" aria-live="polite">
        {problem}
      </p>
    </div>
  );
}
