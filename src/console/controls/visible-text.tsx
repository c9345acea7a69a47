import { Fragment } from 'react';
import { ESCAPABLE, escaped } from '../server/format.ts';

/** Text from an item: isolated from the text around it, with its spaces, and with invisible characters in escaped form. */
export function VisibleText({ children }: { readonly children: string }) {
  const parts = children.split(ESCAPABLE);
  return (
    <bdi className="exact">
      {parts.map((part, index) =>
        // The pattern has one group, so every second part is a match.
        index % 2 === 0 ? (
          part
        ) : (
          <Fragment key={index}>
            <span className="escape">{escaped(part)}</span>
          </Fragment>
        ),
      )}
    </bdi>
  );
}
