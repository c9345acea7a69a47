import { LRUCache } from 'lru-cache';
import type { Idempotency } from '../model/command.ts';
import type { Place } from '../model/position.ts';

/** What a retry needs of the first result beside its own payload, which is the same. */
export interface FirstResult {
  readonly payload: string;
  /** Null: a removal that found nothing. */
  readonly place: Place | null;
  readonly timestamp: number;
  readonly expiresAt: number | null;
}

/** One entry as it is exported: item key, idempotency key, first result. */
export type RememberedResult = readonly [key: string, idempotencyKey: string, result: FirstResult];

/** The newest idempotency keys, each per item key. The oldest is forgotten first: a read doesn't refresh. */
export class IdempotencyTable {
  readonly #results: LRUCache<string, RememberedResult>;

  constructor(max = 100_000) {
    // By size, not by `max`: that would allocate for all of them at once.
    this.#results = new LRUCache({ maxSize: max, sizeCalculation: () => 1 });
  }

  get(key: string, { key: idempotencyKey }: Idempotency): FirstResult | undefined {
    return this.#results.peek(composite(key, idempotencyKey))?.[2];
  }

  remember(key: string, idempotencyKey: string, result: FirstResult): void {
    this.#results.set(composite(key, idempotencyKey), [key, idempotencyKey, result]);
  }

  /** Oldest first. */
  entries(): RememberedResult[] {
    return [...this.#results.rvalues()].filter((entry) => entry !== undefined);
  }
}

// The length keeps ("a", "b:c") and ("a:b", "c") apart.
const composite = (key: string, idempotencyKey: string): string => `${key.length}:${key}${idempotencyKey}`;
