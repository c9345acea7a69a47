import { LRUCache } from 'lru-cache';
import type { Idempotency } from '../model/command.ts';
import { ownText } from '../model/own-text.ts';
import type { Place } from '../model/position.ts';

/** The first result of a command, without its value: a retry has the same payload. */
export interface FirstResult {
  readonly payload: string;
  /** Null: a removal of a key without an item. */
  readonly place: Place | null;
  readonly timestamp: number;
  readonly expiresAt: number | null;
}

/** One entry, in the order in which a snapshot stores it. */
export type RememberedResult = readonly [key: string, idempotencyKey: string, result: FirstResult];

/** The first results of the newest idempotency keys. The oldest is forgotten first, because a read doesn't refresh an entry. */
export class IdempotencyTable {
  /** By both keys in one text: two texts more would nearly double what an entry takes. */
  readonly #results: LRUCache<string, FirstResult>;

  constructor(max = 100_000) {
    // `maxSize` instead of `max`, which would allocate room for all entries at once.
    this.#results = new LRUCache({ maxSize: max, sizeCalculation: () => 1 });
  }

  get(key: string, { key: idempotencyKey }: Idempotency): FirstResult | undefined {
    return this.#results.peek(composite(key, idempotencyKey));
  }

  remember(key: string, idempotencyKey: string, result: FirstResult): void {
    this.#results.set(ownText(composite(key, idempotencyKey)), result);
  }

  /** Oldest first. */
  entries(): RememberedResult[] {
    return [...this.#results.rkeys()].flatMap((keys) => {
      const result = this.#results.peek(keys);
      return result ? [[...keysOf(keys), result] as const] : [];
    });
  }
}

// The length distinguishes ("a", "b:c") from ("a:b", "c").
const composite = (key: string, idempotencyKey: string): string => `${key.length}:${key}${idempotencyKey}`;

function keysOf(keys: string): [key: string, idempotencyKey: string] {
  const start = keys.indexOf(':') + 1;
  const end = start + Number.parseInt(keys, 10);
  return [keys.slice(start, end), keys.slice(end)];
}
