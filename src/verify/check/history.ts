/**
 * A recording of a run as plain data: every call of the writers, and everything that each reader received.
 *
 * Times are ms of the recorder's monotonic clock. Cursors of one epoch compare as strings, in position order.
 */
import { type ValueFilter } from './value-filter.ts';

export const GUARANTEES = ['G1', 'G2', 'G3', 'G4', 'G5', 'G6', 'G7', 'G8', 'G11'] as const;
export type Guarantee = (typeof GUARANTEES)[number];

export interface Recording {
  /** Only the recorded writes touch keys with these prefixes. */
  readonly keyPrefixes: readonly string[];
  /** How many changes the server's window holds. */
  readonly window: number;
  /** Whether the server hides the stream's size from this caller, because a key prefix limits it. */
  readonly hidesSize: boolean;
  /** Whether the server has filters on values. One that has them tells size and checksum whatever the filter. */
  readonly hasValueFilters: boolean;
  /** Whether something was evicted or expired, so that any item may be gone without a recorded removal. */
  readonly mayVanish: boolean;
  readonly writes: readonly Write[];
  readonly reads: readonly Read[];
  readonly histories: readonly History[];
}

export interface WriteInput {
  readonly key: string;
  /** JSON text, different from that of every other write. Null: a removal. */
  readonly value: string | null;
  readonly idempotencyKey?: string | undefined;
  readonly ifAbsent?: boolean | undefined;
  readonly ifCursor?: string | undefined;
}

/** `results`: it was answered. `error`: it was refused and nothing was written. Neither: it may have been written, or may still be. */
export interface Write {
  readonly id: string;
  readonly kind: 'insert' | 'batch' | 'remove';
  /** Exactly one, except for a batch. */
  readonly inputs: readonly WriteInput[];
  /** The connection's name: calls under one name reach one node. Null: any node. */
  readonly connection: string | null;
  readonly startedAt: number;
  readonly answeredAt: number | null;
  /** One for each input. Null: there was nothing to remove. */
  readonly results: readonly (WriteResult | null)[] | null;
  readonly error: string | null;
}

export interface WriteResult {
  readonly cursor: string;
  readonly timestamp: string;
}

/** A query of `item(key)`. */
export interface Read {
  readonly id: string;
  readonly key: string;
  readonly connection: string | null;
  readonly startedAt: number;
  readonly answeredAt: number;
  readonly item: Entry | null;
}

export interface Entry extends WriteResult {
  readonly key: string;
  /** JSON text. */
  readonly value: string;
}

/** The entry of an item as the server delivered it. */
export const entryOf = ({ key, value, cursor, timestamp }: WriteResult & { key: string; value: unknown }): Entry => {
  return { key, value: JSON.stringify(value), cursor, timestamp };
};

export interface RemovedEntry extends WriteResult {
  readonly key: string;
  readonly reason: string;
}

export interface Delivery extends Entry {
  readonly receivedAt: number;
}

/** One message of `itemChanges`. */
export interface ChangesMessage {
  readonly reset: boolean;
  readonly upserted: readonly Entry[];
  readonly removed: readonly RemovedEntry[];
  readonly caughtUp: boolean;
  readonly cursor: string;
  /** Undefined: the server is too old to tell it. */
  readonly follows?: string | null | undefined;
  readonly size: number | null;
  readonly checksum: string | null;
  readonly receivedAt: number;
}

export interface Page {
  readonly after: string | null;
  readonly first: number;
  readonly items: readonly Entry[];
  readonly hasNextPage: boolean;
  /** The next page goes on after it. */
  readonly endCursor: string | null;
  /** The position that the page was read at. */
  readonly cursor: string;
  readonly receivedAt: number;
}

export interface Filter {
  readonly keys?: string[];
  readonly keyPrefix?: string;
  readonly where?: ValueFilter;
}

export type End =
  /** The reader left, or the connection broke. */
  | { readonly kind: 'cut' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'error'; readonly code: string; readonly extensions: Readonly<Record<string, unknown>> }
  /** The reader received nothing for too long although something was due. */
  | { readonly kind: 'overdue'; readonly awaited: string };

interface AnyHistory {
  readonly id: string;
  readonly transport: string;
  readonly filter: Filter | null;
  readonly startedAt: number;
}

interface SubscriptionHistory extends AnyHistory {
  /** The cursor that it resumed after, by argument, extension or event id. */
  readonly after: string | null;
  /** The history that `after` comes from. */
  readonly resumedFrom: string | null;
  readonly end: End;
}

export interface ItemsHistory extends SubscriptionHistory {
  readonly kind: 'items';
  readonly limit: number | null;
  readonly onLag: 'CONFLATE' | 'FAIL';
  readonly deliveries: readonly Delivery[];
  /** The code that the server must refuse it with. */
  readonly expectedError?: string | undefined;
}

export interface ChangesHistory extends SubscriptionHistory {
  readonly kind: 'itemChanges';
  readonly messages: readonly ChangesMessage[];
}

/** A query page by page, each after the last item of the previous one. */
export interface PagesHistory extends AnyHistory {
  readonly kind: 'pages';
  readonly pages: readonly Page[];
}

export type History = ItemsHistory | ChangesHistory | PagesHistory;

export interface Violation {
  readonly guarantee: Guarantee;
  /** The id of a history, a write or a read. */
  readonly where: string;
  /** A sentence about it, without its subject. */
  readonly what: string;
}

export type Report = (guarantee: Guarantee, where: string, what: string) => void;

/** Whether the filter lets the key pass, whatever its value. */
export function passes(filter: Filter | null, key: string): boolean {
  return (
    filter === null ||
    ((filter.keyPrefix === undefined || key.startsWith(filter.keyPrefix)) &&
      (filter.keys === undefined || filter.keys.includes(key)))
  );
}
