import { counted } from '../session/format.ts';
import { useSession, useView } from '../session/use-session.ts';

/** After a reconnect: the changes that the page has missed, and the proof that nothing was lost. */
export function OutageNotice() {
  const { feed } = useSession();
  const { outage } = useView();
  return (
    <div role="status" className="outage">
      {outage && (
        <p className="notice good">
          <span>
            {outage.isReplaced ? (
              <>The server no longer knows this page’s cursor, so the whole map was loaded again.</>
            ) : (
              <>
                <strong>{counted(outage.changes, 'change')}</strong> happened while the page was disconnected.
              </>
            )}{' '}
            {outage.checksum === undefined ? (
              'The stream continued exactly after the last change.'
            ) : (
              <>
                Nothing was lost: checksum <code>{outage.checksum}</code> is equal to the server’s.
              </>
            )}
          </span>
          <button className="quiet" onClick={() => feed.dismissOutage()}>
            Close
          </button>
        </p>
      )}
    </div>
  );
}
