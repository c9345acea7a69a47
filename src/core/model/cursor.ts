/**
 * The wire form of a place: `<epoch>-<position>-<digest>`. Inside a snapshot or a lag a reader skips items that were superseded
 * meanwhile, so its state also depends on later changes: there the cursor goes on with `-<position>-<digest>` of the cutoff, and then of
 * the newest head that the reader has seen. A log without those can't continue it.
 *
 * - Cursors of one epoch compare as strings in position order: a position is written in base 36 after the number of its digits
 *   (one character), so a longer number is the greater string.
 * - A place has one spelling. Any other spelling is rejected.
 */
import { BadInputError } from './errors.ts';
import type { Cursor, Epoch, Place, Position } from './position.ts';

export interface ParsedCursor {
  readonly epoch: Epoch;
  readonly place: Place;
  /** Inside a snapshot: the head when it started. The reader needs no removals up to there. */
  readonly cutoff: Place | undefined;
  /** Inside a snapshot or a lag: the newest head that shaped the reader's state. */
  readonly seen: Place | undefined;
}

const PLACE = '([1-9a-b])([0-9a-z]+)-([0-9a-z]{7})';
const CURSOR = new RegExp(`^([0-9a-z]{12})-${PLACE}(?:-${PLACE})?(?:-${PLACE})?$`);

export function formatCursor(epoch: Epoch, place: Place, cutoff: Place = place, seen: Place = cutoff): Cursor {
  // Each reading of an item's cursor comes here.
  if (seen === place) return `${epoch}-${formatPlace(place)}` as Cursor;
  const seam = cutoff.position > place.position ? cutoff : place;
  const places = [formatPlace(place)];
  if (seam !== place || seen.position > seam.position) places.push(formatPlace(seam));
  if (seen.position > seam.position) places.push(formatPlace(seen));
  return [epoch, ...places].join('-') as Cursor;
}

/** @throws {BadInputError} at `path`, when the text is not a cursor. */
export function parseCursor(text: string, path: readonly (string | number)[] = ['after']): ParsedCursor {
  const match = CURSOR.exec(text);
  const [place, cutoff, seen] = [2, 5, 8].map((group) =>
    parsePlace(match?.[group], match?.[group + 1], match?.[group + 2]),
  );
  const epoch = match?.[1] as Epoch;
  if (!place || formatCursor(epoch, place, cutoff, seen) !== text)
    throw new BadInputError([{ path, message: 'not a cursor of this server' }]);
  return { epoch, place, cutoff, seen };
}

function formatPlace({ position, digest }: Place): string {
  const digits = position.toString(36);
  return `${DIGITS[digits.length]}${digits}-${sevenDigits(digest)}`;
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';
/** All numbers of two digits. */
const PAIRS = Array.from({ length: 1296 }, (_, number) => `${DIGITS[Math.floor(number / 36)]}${DIGITS[number % 36]}`);

/** In base 36. V8's own `toString(36)` is several times slower for a number above 2^31. */
function sevenDigits(digest: number): string {
  const last = digest % 1296;
  const upper = Math.floor(digest / 1296);
  const middle = upper % 1296;
  const rest = Math.floor(upper / 1296);
  return `${DIGITS[Math.floor(rest / 1296)]}${PAIRS[rest % 1296]}${PAIRS[middle]}${PAIRS[last]}`;
}

function parsePlace(length = '', digits = '', digestDigits = ''): Place | undefined {
  const position = parseInt(digits, 36);
  const digest = parseInt(digestDigits, 36);
  const sound = digits.length === parseInt(length, 36) && Number.isSafeInteger(position) && digest <= 0xffffffff;
  return sound ? { position: position as Position, digest } : undefined;
}
