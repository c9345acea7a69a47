/**
 * What positions mean on this node. A log may lose its newest part, or be made anew: then the node shows another replica, and
 * what stood in the old one's history goes on only as far as both share it.
 */
import type { Position } from '../model/position.ts';
import type { ReadPosition } from './read.ts';
import type { Replica } from './replica.ts';

export class History {
  #next: { readonly history: History; readonly shared: number } | undefined;

  /** `shared`: up to which position the next one is the same; -1 for another epoch, where not even the start is. */
  endAt(shared: number): History {
    const history = new History();
    this.#next = { history, shared };
    return history;
  }

  /** Whether what a subscriber has, who stood in this history, is so in the newest one too. */
  keeps({ at, cutoff, seen = cutoff }: ReadPosition): boolean {
    const newest = Math.max(at.position, seen.position);
    for (let next = this.#next; next; next = next.history.#next) if (newest > next.shared) return false;
    return true;
  }
}

/**
 * Up to which position two replicas tell the same: by the digests that both know, as resuming by a cursor compares them. What
 * neither can tell apart any more counts as the same: whoever stands there can only conflate.
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

/** Positions up to `top` whose digest a replica knows, newest first. */
function* knownTo<Value>({ window, items }: Replica<Value>, top: Position): Generator<Position, void, void> {
  const floor = window.floor.position;
  for (let position = top; position > floor; position--) yield position;
  if (floor <= top) yield floor;
  const below = [...items.index.from(0 as Position)].map(({ position }) => position);
  for (const position of below.reverse()) if (position < floor && position <= top) yield position;
}
