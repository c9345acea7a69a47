/**
 * The `id:` of an SSE event, which `Last-Event-ID` brings back: the cursor to resume from, and how many results the limit still allows.
 *
 *     <cursor>        <cursor>.<remaining>        .0 (ended)
 */
import { parseCursor } from '../../core/model/cursor.ts';
import { BadInputError } from '../../core/model/errors.ts';

export interface EventId {
  readonly cursor: string;
  readonly remaining: number | undefined;
}

/** The id of `complete`: a reconnect with it is answered 204, which ends an `EventSource`. */
export const ENDED = '.0';

export function formatEventId(cursor: string, remaining: number | undefined): string {
  return remaining === undefined ? cursor : `${cursor}.${remaining}`;
}

/** Throws `BadInputError` for a text that is not an event id. */
export function parseEventId(text: string): EventId {
  const [cursor = '', remaining, ...rest] = text.split('.');
  const path = ['Last-Event-ID'];
  if (rest.length > 0 || (remaining !== undefined && !/^\d{1,10}$/.test(remaining))) {
    const shown = JSON.stringify(text.slice(0, 100));
    const message = `${shown} is not an event id of this server: send the last one that it sent`;
    throw new BadInputError([{ path, message }]);
  }
  parseCursor(cursor, path);
  return { cursor, remaining: remaining === undefined ? undefined : Number(remaining) };
}

/** Whether the stream of this id has ended, so that nothing can be resumed. */
export function isEnded(text: string): boolean {
  return text.endsWith('.0');
}
