import { counted } from '../server/format.ts';
import type { Outage } from '../feed/outage.ts';
import { useSession, useView } from '../session/use-session.ts';

/** After a reconnect: the changes that the page has missed, and what is known about losses. */
export function OutageNotice() {
  const { feed } = useSession();
  const { outage } = useView();
  return (
    <div role="status" className="outage">
      {outage && (
        <p className={`notice ${outage.kind === 'lost' ? 'bad' : 'good'}`}>
          <span>
            <Explanation {...outage} />
          </span>
          <button className="quiet" onClick={() => feed.dismissOutage()}>
            Close
          </button>
        </p>
      )}
    </div>
  );
}

function Explanation(outage: Outage) {
  const { size, checksum } = outage;
  switch (outage.kind) {
    case 'lost':
      return (
        <>
          <strong>The server lost its log{outage.gone > 0 && `: ${areGone(outage.gone)}`}.</strong>{' '}
          {outage.before === 0 && 'The page showed no items before, so it can’t tell what is gone. '}
          {outage.before > 0 && outage.gone === 0 && 'The new log has the keys that the page showed before. '}
          The table shows the new log, which has {counted(size, 'item')}. Without <code>--data</code>,{' '}
          <code>--nats</code> or <code>--redis</code> a server loses its log when it stops.
        </>
      );
    case 'reloaded':
      return (
        <>
          The server no longer knows this page’s cursor, so the whole map was loaded again.
          {outage.gone > 0 && ` Of the items that the page showed before, ${areGone(outage.gone)}.`}
          {checksum !== undefined && size > 0 && <Checksum start=" The page is up to date" checksum={checksum} />}
        </>
      );
    case 'resumed':
      return (
        <>
          <strong>{counted(outage.changes, 'change')}</strong> happened while the page was disconnected.{' '}
          {checksum !== undefined && size > 0 ? (
            <Checksum start="Nothing was lost" checksum={checksum} />
          ) : (
            `The stream continued exactly after the last change.${size === 0 ? ' The map is empty.' : ''}`
          )}
        </>
      );
  }
}

const areGone = (gone: number): string => `${counted(gone, 'item')} ${gone === 1 ? 'is' : 'are'} gone`;

/** The checksum of an empty map is always the same, so it is shown only if there are items. */
function Checksum({ start, checksum }: { readonly start: string; readonly checksum: string }) {
  return (
    <>
      {start}: checksum <code>{checksum}</code> is equal to the server’s.
    </>
  );
}
