/**
 * The meaning of positions on this node. When a log loses its newest entries, or is replaced, the node shows another replica. A subscriber
 * goes on only if its position lies in the history that both replicas share.
 */
import type { Position } from '../model/position.ts';
import type { ReadPosition } from './read.ts';
import type { Replica } from './replica.ts';

export class History {
  #next: { readonly history: History; readonly shared: number } | undefined;

  /** Returns the history that replaces this one. `shared`: the last position that both have in common, -1 when the epoch differs. */
  endAt(shared: number): History {
    const history = new History();
    this.#next = { history, shared };
    return history;
  }

  /** Whether the state of a subscriber in this history is valid in the newest one. */
  keeps({ at, cutoff, seen = cutoff }: ReadPosition): boolean {
    const newest = Math.max(at.position, seen.position);
    for (let next = this.#next; next; next = next.history.#next) if (newest > next.shared) return false;
    return true;
  }
}

/**
 * The last position up to which two replicas agree, by the digests that both still know. Positions whose digests are forgotten count as
 * equal: a subscriber there gets current items only.
 */
export function sharedUpTo<Value>(older: Replica<Value>, newer: Replica<Value>): number {
  if (older.epoch !== newer.epoch) return -1;
  const top = Math.min(older.head.position, newer.head.position) as Position;
  let differs = false;
  for (const position of knownTo(newer, top)) {
    const [before, now] = [older.digestAt(position), newer.digestAt(position)];
    if (before === undefined || now === undefined) continue;
    if (before === now) return differs ? position : top;
    differs = true;
  }
  return differs ? 0 : top;
}

/** The positions up to `top` whose digests a replica knows, newest first. */
function* knownTo<Value>({ window, items }: Replica<Value>, top: Position): Generator<Position, void, void> {
  const floor = window.floor.position;
  for (let position = top; position > floor; position--) yield position;
  if (floor <= top) yield floor;
  const below = [...items.index.from(0 as Position)].map(({ position }) => position);
  for (const position of below.reverse()) if (position < floor && position <= top) yield position;
}
