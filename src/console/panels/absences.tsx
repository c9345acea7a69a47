import { counted } from '../session/format.ts';
import { useSession, useView } from '../session/use-session.ts';

/** After the connection was away: what came meanwhile, and the proof that nothing is missing. */
export function Absences() {
  const { feed } = useSession();
  const { absence } = useView();
  return (
    <div role="status" className="absences">
      {absence && (
        <p className="notice good">
          <span>
            {absence.isReplaced ? (
              <>The server didn’t know the place any more: the whole map was fetched anew.</>
            ) : (
              <>
                <strong>{counted(absence.changes, 'change')}</strong> came while you were away.
              </>
            )}{' '}
            {absence.checksum === undefined ? (
              'It went on exactly behind where you were.'
            ) : (
              <>
                Nothing was lost: checksum <code>{absence.checksum}</code> is equal.
              </>
            )}
          </span>
          <button className="quiet" onClick={() => feed.forgetAbsence()}>
            Close
          </button>
        </p>
      )}
    </div>
  );
}
