/** What the selection of an insertion asks for. */
export interface InsertionAnswer {
  /** How many of its fields repeat the value. */
  readonly values: number;
  /** All of its fields. */
  readonly fields: number;
}

/** Of a key, which other fields than the value repeat. */
const MAX_KEY_BYTES = 512;
/** Of a name, a cursor or a time. */
const FIELD_BYTES = 64;

/** What the answer to an insertion of `items` items takes at most, in bytes. It repeats what was sent. */
export function insertionBytes({ values, fields }: InsertionAnswer, items: number, requestBytes: number): number {
  const keys = Math.min(requestBytes, items * MAX_KEY_BYTES);
  return values * requestBytes + fields * (keys + items * FIELD_BYTES);
}
