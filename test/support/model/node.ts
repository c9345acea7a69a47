import { onTestFinished } from 'vitest';
import { type Bounds, encodeCommand, type Insertion, type Outcome } from '../../../src/core/model/command.ts';
import { Follower } from '../../../src/core/replication/follower.ts';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { exportState } from '../../../src/core/replica/snapshot.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';

/** A follower with its log lines and published heads. */
export type Node = Follower<unknown> & { readonly lines: string[]; readonly heads: number[] };

/** Adds a node to a log. The node closes with the test. */
export async function join(log: OrderedLog, bounds: Partial<Bounds> = {}): Promise<Node> {
  const lines: string[] = [];
  const heads: number[] = [];
  const say = (_fields: object, message: string): void => void lines.push(message);
  const logger = { info: say, warn: say, error: say };
  const follower = await Follower.open<unknown>({
    log,
    bounds,
    logger,
    onChange: () => {},
    onHead: ({ position }) => heads.push(position),
    onShown: ({ position }) => heads.push(position),
  });
  onTestFinished(() => follower.close());
  return Object.assign(follower, { lines, heads });
}

export const insert = (node: Node, key: string, value: unknown = key): Promise<Outcome<unknown>> =>
  node.submit({ kind: 'insert', insertions: [insertion(key, value)] });

/** An insertion as the library makes it. */
export function insertion(key: string, value: unknown = key, options: Partial<Insertion> = {}): Insertion {
  const json = JSON.stringify(value);
  return { key, json, bytes: Buffer.byteLength(key) + Buffer.byteLength(json), ...options };
}

export const stateOf = ({ replica }: Node): string[] => [...exportState(replica)];
export const sharedLog = (): OrderedLog => memoryLog({ shared: true });
export const foreign = (log: OrderedLog): Promise<unknown> => log.append(Buffer.from('hello'), 'foreign');
/** A frame of a format that this version can't read. */
export const poison = (log: OrderedLog): Promise<unknown> =>
  log.append(
    encodeCommand('poison', { kind: 'tick' }).map((byte, at) => (at === 2 ? 99 : byte)),
    'poison',
  );
