/**
 * What was recorded of a run, plain enough to be kept as JSON: every call of the writers, and what every reader got.
 *
 * Times are ms of one monotonic clock, that of the recorder. Cursors of one epoch compare as strings, in position order.
 */
export const GUARANTEES = ['G1', 'G2', 'G3', 'G4', 'G5', 'G6', 'G7', 'G8', 'G11'] as const;
export type Guarantee = (typeof GUARANTEES)[number];

export interface Recording {
  /** Keys under these are touched by the recorded writes only. */
  readonly keyPrefixes: readonly string[];
  /** How many changes the server keeps one by one. */
  readonly window: number;
  /** The server tells this caller neither size nor checksum. */
  readonly isLimited: boolean;
  /** Something was evicted or expired: any item may be gone without anybody having been told. */
  readonly mayVanish: boolean;
  readonly writes: readonly Write[];
  readonly reads: readonly Read[];
  readonly histories: readonly History[];
}

export interface WriteInput {
  readonly key: string;
  /** As JSON text, unlike that of any other write; null for a removal. */
  readonly value: string | null;
  readonly idempotencyKey?: string | undefined;
  readonly ifAbsent?: boolean | undefined;
  readonly ifCursor?: string | undefined;
}

/** Answered: `results`. Refused, so that nothing was written: `error`. Neither: it may have been written, or may be yet. */
export interface Write {
  readonly id: string;
  readonly kind: 'insert' | 'batch' | 'remove';
  /** One, but for a batch. */
  readonly inputs: readonly WriteInput[];
  /** What it went through; calls with one name reach one node. Null: any node. */
  readonly connection: string | null;
  readonly startedAt: number;
  readonly answeredAt: number | null;
  /** One for each input; null where there was nothing to remove. */
  readonly results: readonly (WriteResult | null)[] | null;
  readonly error: string | null;
}

export interface WriteResult {
  readonly cursor: string;
  readonly timestamp: string;
}

/** An `item(key)`. */
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
  /** As JSON text. */
  readonly value: string;
}

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
  readonly size: number | null;
  readonly checksum: string | null;
  readonly receivedAt: number;
}

export interface Page {
  readonly after: string | null;
  readonly first: number;
  readonly items: readonly Entry[];
  readonly hasNextPage: boolean;
  /** What the page was read at. */
  readonly cursor: string;
  readonly receivedAt: number;
}

export interface Filter {
  readonly keys?: string[];
  readonly keyPrefix?: string;
}

export type End =
  /** By the reader, or because the connection broke. */
  | { readonly kind: 'cut' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'error'; readonly code: string; readonly extensions: Readonly<Record<string, unknown>> }
  /** The reader had nothing for long although there was something to come. */
  | { readonly kind: 'overdue'; readonly awaited: string };

interface AnyHistory {
  readonly id: string;
  readonly transport: string;
  readonly filter: Filter | null;
  readonly startedAt: number;
}

interface SubscriptionHistory extends AnyHistory {
  /** The cursor it went on behind, by whichever way. */
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
  /** What it was asked is refused with this. */
  readonly expectedError?: string;
}

export interface ChangesHistory extends SubscriptionHistory {
  readonly kind: 'itemChanges';
  readonly messages: readonly ChangesMessage[];
}

/** A query, page by page, each behind the last item of the one before. */
export interface PagesHistory extends AnyHistory {
  readonly kind: 'pages';
  readonly pages: readonly Page[];
}

export type History = ItemsHistory | ChangesHistory | PagesHistory;

export interface Violation {
  readonly guarantee: Guarantee;
  /** The id of a history, a write or a read. */
  readonly where: string;
  /** A sentence. */
  readonly what: string;
}

export type Report = (guarantee: Guarantee, where: string, what: string) => void;

export function passes(filter: Filter | null, key: string): boolean {
  return (
    filter === null ||
    ((filter.keyPrefix === undefined || key.startsWith(filter.keyPrefix)) &&
      (filter.keys === undefined || filter.keys.includes(key)))
  );
}
