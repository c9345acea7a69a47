import { expect } from 'vitest';
import type { ItemChangesSubscription } from '../../../schema/documents/graphql.ts';

type Message = ItemChangesSubscription['itemChanges'];
type Item = Message['upserted'][number];

/** A client's copy of the map: applies every message, and checks the proof (G6) at each `caughtUp`. */
export class Mirror {
  readonly items = new Map<string, Item>();
  messages = 0;
  cursor = '';
  isCaughtUp = false;

  apply(message: Message): void {
    if (this.messages++ === 0 || message.reset) this.items.clear();
    const keys = [...message.upserted, ...message.removed].map(({ key }) => key);
    expect(new Set(keys).size, 'a key occurs at most once in a message').toBe(keys.length);
    expect(keys.length, 'at most 1,000 entries a message').toBeLessThanOrEqual(1000);
    for (const { key } of message.removed) this.items.delete(key);
    for (const item of message.upserted) this.items.set(item.key, item);
    this.cursor = message.cursor;
    this.isCaughtUp = message.caughtUp;
    if (message.size !== null) {
      expect(message.caughtUp).toBe(true);
      expect(this.items.size).toBe(message.size);
      expect(checksumOf([...this.items.values()])).toBe(message.checksum);
    }
  }
}

/** Written after schema/schema.graphql, independent of the product's code. */
export function checksumOf(items: readonly { key: string; cursor: string }[]): string {
  const encoder = new TextEncoder();
  let sum = 0;
  for (const { key, cursor } of items) {
    let hash = 0x811c9dc5;
    for (const byte of encoder.encode(`${key}\n${cursor}`)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    sum = (sum + hash) % 0x100000000;
  }
  return sum.toString(16).padStart(8, '0');
}
