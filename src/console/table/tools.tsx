import { counted, number } from '../server/format.ts';
import { isEveryRow } from '../feed/row-filter.ts';
import { useSession, useView } from '../session/use-session.ts';
import { Filter } from './filter.tsx';

interface ToolsProps {
  readonly isAtStart: boolean;
  readonly onStart: () => void;
}

/** The filter, the number of rows, and the buttons that hold and move the display. */
export function Tools({ isAtStart, onStart }: ToolsProps) {
  const { feed } = useSession();
  const { isLoaded, shown, filter, size, held } = useView();
  const count = isEveryRow(filter) ? counted(size, 'item') : `${number(shown)} of ${counted(size, 'item')}`;
  return (
    <div className="tools">
      <Filter />
      <p className="note">
        {held === undefined ? isLoaded && `${count}, newest first` : `Paused: ${counted(held, 'change')} not shown yet`}
      </p>
      <div className="buttons">
        <button className="quiet" disabled={isAtStart} onClick={onStart}>
          ↑ Newest
        </button>
        {held === undefined ? (
          <button disabled={!isLoaded} title="Hold the rows still; the figures go on" onClick={() => feed.pause()}>
            Pause
          </button>
        ) : (
          <button className="primary" onClick={() => feed.catchUp()}>
            Catch up
          </button>
        )}
      </div>
    </div>
  );
}
