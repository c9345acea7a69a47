/** Hand-made histories of a server that has filters on values: each message tells `follows`, and its sums when it is caught up. */
import type { ChangesHistory, ChangesMessage, Recording, Write } from '../../../src/verify/check/history.ts';
import { insertion, mirror, recording } from './made-histories.ts';

/** FNV-1a-32 by BigInt, so that it shares nothing with the checker's. */
function term(key: string, cursor: string): bigint {
  let hash = 0x811c9dc5n;
  for (const byte of Buffer.from(`${key}\n${cursor}`)) hash = ((hash ^ BigInt(byte)) * 0x01000193n) % 2n ** 32n;
  return hash;
}

/** Adds what an honest server would tell, by the messages alone. `held`: what the mirror had before, by key. */
export function proved(
  messages: readonly ChangesMessage[],
  after: string | null = null,
  held = new Map<string, string>(),
): ChangesMessage[] {
  let before = after;
  return messages.map((message) => {
    if (message.reset) held.clear();
    for (const { key } of message.removed) held.delete(key);
    for (const { key, cursor } of message.upserted) held.set(key, cursor);
    const follows = message.reset ? null : before;
    before = message.cursor;
    if (!message.caughtUp) return { ...message, follows };
    const sum = [...held].reduce((sum, [key, cursor]) => (sum + term(key, cursor)) % 2n ** 32n, 0n);
    return { ...message, follows, size: held.size, checksum: sum.toString(16).padStart(8, '0') };
  });
}

/** The recording as a server with filters on values would have made it. */
export function provedRecording(made: Recording): Recording {
  const held = new Map<string, Map<string, string>>();
  const histories = made.histories.map((history) => {
    if (history.kind !== 'itemChanges') return history;
    const mine = new Map(held.get(history.resumedFrom ?? ''));
    held.set(history.id, mine);
    return { ...history, messages: proved(history.messages, history.after, mine) };
  });
  return { ...made, hasValueFilters: true, histories };
}

/** A value with a status, unlike that of any other position. */
export const valued = (position: number, status: string): string => JSON.stringify({ id: position, status });

export function insertionOf(position: number, key: string, status: string, change: Partial<Write> = {}): Write {
  return insertion(position, key, { inputs: [{ key, value: valued(position, status) }], ...change });
}

export const OPEN = { keyPrefix: 'k', where: { path: '/status', eq: 'open' } } as const;

/** A mirror of what is open. */
export const openMirror = (messages: readonly ChangesMessage[], change: Partial<ChangesHistory> = {}): ChangesHistory =>
  mirror(proved(messages, change.after), { filter: { ...OPEN }, ...change });

export const provedOf = (writes: readonly Write[], ...histories: Recording['histories']): Recording =>
  recording(writes, histories, { hasValueFilters: true });
