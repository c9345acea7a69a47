import { useRef, useState } from 'react';

interface CopyButtonProps {
  /** The label of the button. */
  readonly children: string;
  readonly text: string;
}

/** Copies a text to the clipboard, and says so. */
export function CopyButton({ children, text }: CopyButtonProps) {
  const button = useRef<HTMLButtonElement>(null);
  const [outcome, setOutcome] = useState('');
  const copy = async (): Promise<void> => {
    const isCopied = (await wrote(text)) || (button.current !== null && selectedAndCopied(text, button.current));
    setOutcome(isCopied ? 'Copied' : 'The browser refused to copy');
  };
  return (
    <span className="copy">
      <button ref={button} type="button" onClick={() => void copy()} onBlur={() => setOutcome('')}>
        {children}
      </button>
      <span role="status" className="note">
        {outcome}
      </span>
    </span>
  );
}

/** `navigator.clipboard` exists only in secure contexts: over HTTPS, and on this machine. */
async function wrote(text: string): Promise<boolean> {
  if (!('clipboard' in navigator)) return false;
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}

function selectedAndCopied(text: string, button: HTMLElement): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'off-screen';
  // Next to the button, because everything outside an open dialog is inert.
  button.after(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  button.focus();
  return isCopied;
}
