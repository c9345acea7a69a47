/** Hand-made histories. The change at position n is made at time n: it is called at n - 0.5 and answered at n + 0.2. */
import type {
  ChangesHistory,
  ChangesMessage,
  Delivery,
  Entry,
  ItemsHistory,
  Page,
  PagesHistory,
  Read,
  Recording,
  RemovedEntry,
  Write,
} from '../../../src/verify/check/history.ts';

export const cursor = (position: number): string => `epoch-${String(position).padStart(6, '0')}`;
export const timestamp = (position: number): string => `2026-01-01T00:00:00.${String(position).padStart(6, '0')}Z`;
const result = (position: number) => ({ cursor: cursor(position), timestamp: timestamp(position) });

export function insertion(position: number, key: string, change: Partial<Write> = {}): Write {
  return {
    id: `w${position}`,
    kind: 'insert',
    inputs: [{ key, value: String(position) }],
    connection: 'c',
    startedAt: position - 0.5,
    answeredAt: position + 0.2,
    results: [result(position)],
    error: null,
    ...change,
  };
}

export function removal(position: number, key: string, change: Partial<Write> = {}): Write {
  return insertion(position, key, { kind: 'remove', inputs: [{ key, value: null }], ...change });
}

export function batch(first: number, keys: readonly string[], change: Partial<Write> = {}): Write {
  return insertion(first, '', {
    kind: 'batch',
    inputs: keys.map((key, index) => ({ key, value: String(first + index) })),
    results: keys.map((_, index) => result(first + index)),
    answeredAt: first + keys.length,
    ...change,
  });
}

/** A call that was never answered. */
export const IN_FLIGHT = { answeredAt: null, results: null } as const;

export function entry(position: number, key: string): Entry {
  return { key, value: String(position), ...result(position) };
}

export function gone(position: number, key: string, reason = 'REMOVED'): RemovedEntry {
  return { key, reason, ...result(position) };
}

/** Received right after it was made, by default. */
export function delivery(position: number, key: string, receivedAt = position + 0.3): Delivery {
  return { ...entry(position, key), receivedAt };
}

export function items(deliveries: readonly Delivery[], change: Partial<ItemsHistory> = {}): ItemsHistory {
  return {
    id: 'reader',
    kind: 'items',
    transport: 'websocket',
    filter: { keyPrefix: 'k' },
    startedAt: 0,
    after: null,
    resumedFrom: null,
    limit: null,
    onLag: 'CONFLATE',
    end: { kind: 'cut' },
    deliveries,
    ...change,
  };
}

export function message(position: number, change: Partial<ChangesMessage> = {}): ChangesMessage {
  return {
    reset: false,
    upserted: [],
    removed: [],
    caughtUp: true,
    cursor: cursor(position),
    size: null,
    checksum: null,
    receivedAt: position + 0.3,
    ...change,
  };
}

export function mirror(messages: readonly ChangesMessage[], change: Partial<ChangesHistory> = {}): ChangesHistory {
  const { id, transport, filter, startedAt, after, resumedFrom, end } = items([]);
  return { id, transport, filter, startedAt, after, resumedFrom, end, kind: 'itemChanges', messages, ...change };
}

export function page(readAt: number, entries: readonly Entry[], change: Partial<Page> = {}): Page {
  const receivedAt = readAt + 0.3;
  const endCursor = entries.at(-1)?.cursor ?? null;
  const read = { after: null, first: 100, items: entries, hasNextPage: false, endCursor, cursor: cursor(readAt) };
  return { ...read, receivedAt, ...change };
}

export function pages(...list: readonly Page[]): PagesHistory {
  return { id: 'query', kind: 'pages', transport: 'http', filter: { keyPrefix: 'k' }, startedAt: 0, pages: list };
}

/** The removal of `key` at `position`, or of a key without an item. */
export function reading(at: number, key: string, position: number | null): Read {
  const item = position === null ? null : entry(position, key);
  return { id: 'read', key, connection: 'c', startedAt: at, answeredAt: at + 0.3, item };
}

export function recording(
  writes: readonly Write[],
  histories: Recording['histories'],
  change: Partial<Recording> = {},
): Recording {
  return {
    keyPrefixes: ['k'],
    window: 65_536,
    hidesSize: false,
    hasValueFilters: false,
    mayVanish: false,
    writes,
    reads: [],
    histories,
    ...change,
  };
}

/** A sentence and the recorded history. */
export type Cases = readonly (readonly [string, Recording])[];

/** FNV-1a-32 of `k1`, newline, the cursor of position 1; computed elsewhere. */
export const CHECKSUM_OF_ONE = 'd30e839a';
/** k1 at 1, k2 at 2, k1 again at 3. */
export const THREE = [insertion(1, 'k1'), insertion(2, 'k2'), insertion(3, 'k1')];
export const LATE = { startedAt: 10 };
export const SNAPSHOT = { reset: true, upserted: [entry(1, 'k1'), entry(2, 'k2')] };
export const whole = (position: number, size: number, checksum: string, upserted = [entry(1, 'k1')]) =>
  mirror([message(position, { reset: true, upserted, size, checksum })], { filter: null });
export const HISTORY_A = items([delivery(1, 'k1'), delivery(2, 'k2')], { id: 'a' });
export const MIRROR_A = mirror([message(2, SNAPSHOT)], { id: 'a' });
export const RESUMED = { after: cursor(2), resumedFrom: 'a' };
export const repeat = (position: number, key: string) =>
  insertion(position, key, { inputs: [{ key, value: 'v', idempotencyKey: 'once' }] });

/** The end of a history. */
export function lagged(extensions: Record<string, unknown>) {
  return { kind: 'error', code: 'LAGGED', extensions } as const;
}
