import type { Item } from './change.ts';
import { formatCursor } from './cursor.ts';
import type { Cursor, Epoch, Place, Position } from './position.ts';

/** What the items of one moment share: one object for all of them. */
export interface Moment {
  readonly epoch: Epoch;
  readonly timestamp: number;
}

/** Returns the moment given last, if it is the same. */
export function momentOf(last: Moment | undefined, epoch: Epoch, timestamp: number): Moment {
  return last?.timestamp === timestamp && last.epoch === epoch ? last : { epoch, timestamp };
}

/** What an item holds for itself. */
export interface ItemParts extends Place {
  readonly key: string;
  readonly json: string;
  readonly expiresAt: number | null;
  readonly bytes: number;
  readonly following: number;
}

/**
 * An item as a replica holds it. A million of them must be small: the value is one flat text, the cursor is written when it is read, and
 * the digest is kept as a signed number, which V8 stores in the object itself.
 */
export class StoredItem<Value> implements Item<Value> {
  readonly key: string;
  readonly json: string;
  readonly position: Position;
  readonly expiresAt: number | null;
  readonly bytes: number;
  readonly following: number;
  // Not `#private`: the getters must also work through a `Proxy`, as state libraries make them.
  private readonly moment: Moment;
  private readonly signedDigest: number;
  /** Weak, because many parsed values would take far more memory than the texts: `[{},{}]` takes 20 times as much. */
  private parsed: WeakRef<object> | undefined;

  constructor(moment: Moment, { key, json, position, digest, expiresAt, bytes, following }: ItemParts) {
    this.key = key;
    this.json = json;
    this.position = position;
    this.expiresAt = expiresAt;
    this.bytes = bytes;
    this.following = following;
    this.moment = moment;
    this.signedDigest = digest | 0;
    this.parsed = undefined;
  }

  get value(): Value {
    const known = this.parsed?.deref();
    if (known !== undefined) return known as Value;
    const value: unknown = JSON.parse(this.json);
    if (typeof value === 'object' && value !== null) this.parsed = new WeakRef(value);
    return value as Value;
  }

  /** The value for a reader that keeps nothing of it: a weak reference takes longer to make than most values take to parse. */
  get valueInPassing(): Value {
    return (this.parsed?.deref() ?? JSON.parse(this.json)) as Value;
  }

  get digest(): number {
    return this.signedDigest >>> 0;
  }

  get timestamp(): number {
    return this.moment.timestamp;
  }

  get cursor(): Cursor {
    return formatCursor(this.moment.epoch, this);
  }

  /** With the value, and without its text. */
  toJSON(): Omit<Item<Value>, 'json'> {
    const { key, value, position, digest, timestamp, cursor, expiresAt, bytes, following } = this;
    return { key, value, position, digest, timestamp, cursor, expiresAt, bytes, following };
  }
}
