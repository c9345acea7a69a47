/** Branded numbers and strings: parsed once at the edge, trusted everywhere else. */
declare const brand: unique symbol;
type Branded<Base, Name> = Base & { readonly [brand]: Name };

/** A change's place among all changes of its epoch: 1, 2, 3 … without a gap. 0 is before the first change. */
export type Position = Branded<number, 'Position'>;

/** A command's place in its log: 1, 2, 3 … Clients never see it. */
export type Sequence = Branded<number, 'Sequence'>;

/** The identity of a log, stored in it: 12 characters of `[0-9a-z]`. */
export type Epoch = Branded<string, 'Epoch'>;

/** The wire form of a place, opaque to clients. `cursor.ts` writes and reads it. */
export type Cursor = Branded<string, 'Cursor'>;

export const START = 0 as Position;

export const after = (position: Position): Position => (position + 1) as Position;

/** A position and the digest of the history up to it. */
export interface Place {
  readonly position: Position;
  /** A 32-bit running hash over every change up to `position`; 0 at the start. */
  readonly digest: number;
}

export const ORIGIN: Place = { position: START, digest: 0 };

const EPOCH = /^[0-9a-z]{12}$/;

/** Makes the identity of a new log. Only the log that creates itself calls this, never a node that joins one. */
export function newEpoch(): Epoch {
  const random = crypto.getRandomValues(new Uint8Array(12));
  return [...random].map((byte) => (byte % 36).toString(36)).join('') as Epoch;
}

/** @throws {TypeError} when the text is not an epoch. */
export function parseEpoch(text: string): Epoch {
  if (!EPOCH.test(text))
    throw new TypeError(`${JSON.stringify(text)} is not an epoch: expected 12 characters of [0-9a-z]`);
  return text as Epoch;
}
