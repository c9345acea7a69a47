/** The outcome of a command: the same on every node. */
import type { Item, RemovedItem } from '../model/change.ts';
import type { Cursor } from '../model/position.ts';

export type Outcome<Value> =
  | { readonly kind: 'inserted'; readonly items: readonly Item<Value>[] }
  | { readonly kind: 'removed'; readonly removed: RemovedItem | null }
  | { readonly kind: 'conflict'; readonly reason: string; readonly index: number; readonly cursor: Cursor | null }
  | { readonly kind: 'nothing' };

export const NOTHING = { kind: 'nothing' } as const;
