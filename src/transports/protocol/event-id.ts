/**
 * What `id:` of an SSE event says and `Last-Event-ID` brings back: where to go on, with a limit also how many are left.
 *
 *     <cursor>        <cursor>.<left>        .0 (ended)
 */
import { parseCursor } from '../../core/model/cursor.ts';
import { BadInputError } from '../../core/model/errors.ts';

export interface EventId {
  readonly cursor: string;
  readonly left: number | undefined;
}

/** Behind `complete`: a reconnect with it is answered 204, which ends an `EventSource`. */
export const ENDED = '.0';

export function formatEventId(cursor: string, left: number | undefined): string {
  return left === undefined ? cursor : `${cursor}.${left}`;
}

/** Throws `BadInputError` for what is no event id. */
export function parseEventId(text: string): EventId {
  const [cursor = '', left, ...rest] = text.split('.');
  if (rest.length > 0 || (left !== undefined && !/^\d{1,10}$/.test(left)))
    throw new BadInputError([{ path: ['Last-Event-ID'], message: 'not an event id of this server' }]);
  parseCursor(cursor, ['Last-Event-ID']);
  return { cursor, left: left === undefined ? undefined : Number(left) };
}

/** Whether the stream that bore this id has ended, so that there is nothing to go on with. */
export function isEnded(text: string): boolean {
  return text.endsWith('.0');
}
