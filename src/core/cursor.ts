/**
 * The wire form of a place: `<epoch>-<position>-<digest>`, and inside a snapshot also `-<position>-<digest>` of its cutoff.
 *
 * - Cursors of one epoch compare as strings in position order: a position is written in base 36 behind its own length
 *   (one digit), so a longer number is the greater string.
 * - One place has one spelling. Whatever is spelled otherwise is no cursor.
 */
import { BadInputError } from './errors.ts';
import type { Cursor, Epoch, Place, Position } from './position.ts';

export interface ParsedCursor {
  readonly epoch: Epoch;
  readonly place: Place;
  /** Inside a snapshot: the head when it started. Removals up to there are not owed to the reader. */
  readonly cutoff: Place | undefined;
}

const PLACE = '([1-9a-b])([0-9a-z]+)-([0-9a-z]{7})';
const CURSOR = new RegExp(`^([0-9a-z]{12})-${PLACE}(?:-${PLACE})?$`);

export function formatCursor(epoch: Epoch, place: Place, cutoff?: Place): Cursor {
  const plain = `${epoch}-${formatPlace(place)}`;
  return (cutoff && cutoff.position > place.position ? `${plain}-${formatPlace(cutoff)}` : plain) as Cursor;
}

/** Throws `BadInputError` at `path` for what is no cursor. */
export function parseCursor(text: string, path: readonly (string | number)[] = ['after']): ParsedCursor {
  const match = CURSOR.exec(text);
  const place = match && parsePlace(match[2], match[3], match[4]);
  if (!match || !place) throw new BadInputError([{ path, message: 'not a cursor of this server' }]);
  const cutoff = match[5] === undefined ? undefined : parsePlace(match[5], match[6], match[7]);
  const parsed = { epoch: match[1] as Epoch, place, cutoff };
  if (formatCursor(parsed.epoch, place, cutoff) !== text)
    throw new BadInputError([{ path, message: 'not a cursor of this server' }]);
  return parsed;
}

function formatPlace({ position, digest }: Place): string {
  const digits = position.toString(36);
  return `${digits.length.toString(36)}${digits}-${digest.toString(36).padStart(7, '0')}`;
}

function parsePlace(length = '', digits = '', digestDigits = ''): Place | undefined {
  const position = parseInt(digits, 36);
  const digest = parseInt(digestDigits, 36);
  const sound = digits.length === parseInt(length, 36) && Number.isSafeInteger(position) && digest <= 0xffffffff;
  return sound ? { position: position as Position, digest } : undefined;
}
