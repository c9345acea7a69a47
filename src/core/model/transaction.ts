/**
 * The changes of one transaction in a database, which a program of the user has made there. The database writes the body of the command,
 * so its CRC proves nothing about it: whatever is not exactly a change is refused here, and every node refuses the same.
 */

/** An insertion without conditions. */
export interface PlainInsertion {
  readonly key: string;
  /** The value's JSON. The item keeps this text, so it must not be a slice of a longer one. */
  readonly json: string;
  /** UTF-8 bytes of the key and of the value's JSON. */
  readonly bytes: number;
  /** Seconds. */
  readonly ttl?: number | undefined;
}

/** A removal without conditions. */
export interface PlainRemoval {
  readonly key: string;
  readonly removed: true;
}

export type PlainChange = PlainInsertion | PlainRemoval;

export function isPlainRemoval(change: PlainChange): change is PlainRemoval {
  return 'removed' in change;
}

/** What the first line of the body says of a change: of an insertion everything but its value. */
type ChangeHead = Pick<PlainInsertion, 'key' | 'ttl'> | PlainRemoval;

/** @throws {TypeError} when a part of the body is not the head of a change. An unknown member may be a condition, so it is refused. */
export function changeHead(given: unknown): ChangeHead {
  if (typeof given !== 'object' || given === null) throw new TypeError('a change is not an object');
  const { key, ttl, removed, ...unknown } = given as Readonly<Record<string, unknown>>;
  if (typeof key !== 'string') throw new TypeError('the key of a change is not a string');
  for (const name in unknown) throw new TypeError(`unknown member of a change: ${JSON.stringify(name)}`);
  if (removed === true && ttl === undefined) return { key, removed };
  if (removed !== undefined) throw new TypeError('removed must be true, and a removal has nothing but a key');
  // As many seconds as fit into 32 bits are always a date. JSON can't write undefined.
  if (ttl !== undefined && (typeof ttl !== 'number' || (ttl | 0) !== ttl))
    throw new TypeError('ttl is not a whole number of 32 bits');
  return { key, ttl };
}
