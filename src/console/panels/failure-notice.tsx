import type { Failure } from '../server/failure.ts';

interface FailureNoticeProps {
  readonly failure: Failure | undefined;
  /** Shown if the failure has no text of its own. */
  readonly otherwise?: string | undefined;
  readonly onToken: () => void;
}

/** Why a mutation failed, with a button for another token if that helps. */
export function FailureNotice({ failure, otherwise, onToken }: FailureNoticeProps) {
  const text = failure && (failure.text ?? otherwise);
  if (text === undefined) return null;
  return (
    <p className="bad" role="alert">
      {text}{' '}
      {failure?.needsToken && (
        <button type="button" onClick={onToken}>
          Use another token
        </button>
      )}
    </p>
  );
}
