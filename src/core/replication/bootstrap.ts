/**
 * Brings a replica to the end of a log: from the newest snapshot that agrees with the log, through the entries after it. An empty log is
 * created with the operator's bounds; a log with other bounds gets those.
 */
import { type Bounds, type Command, encodeCommand, idOf } from '../model/command.ts';
import type { LogSubscription } from './log-subscription.ts';
import { errorFields, type Logger, messageOf } from '../model/logger.ts';
import type { OrderedLog } from './ordered-log.ts';
import type { Epoch } from '../model/position.ts';
import { Replica } from '../replica/replica.ts';
import { importChunks } from '../replica/snapshot.ts';

export interface ReplicaOptions {
  readonly log: OrderedLog;
  /** The bounds that the operator set. A missing one comes from the log, or from the defaults when the log is created here. */
  readonly bounds: Partial<Bounds>;
  readonly logger: Logger;
}

export const DEFAULT_BOUNDS: Bounds = { maxItems: 100_000, maxBytes: 256 * 1024 * 1024, window: 65_536 };

/** A replica from the newest usable snapshot, or an empty one. */
export async function loadReplica<Value>({ log, logger }: Omit<ReplicaOptions, 'bounds'>): Promise<Replica<Value>> {
  const epoch = await log.open();
  // Transactions may precede the command that sets the bounds, so what holds until then must be the same on all nodes.
  return (await fromSnapshot<Value>(log, epoch, logger)) ?? new Replica<Value>(epoch, DEFAULT_BOUNDS);
}

/**
 * Resolves when the replica has applied everything that the log held, or is poisoned. Rejects when the log breaks meanwhile. `previous`: the
 * bounds of the replica that this one replaces. The log's bounds win over the operator's then, unless the log has lost them.
 */
export async function catchUpWithLog<Value>(
  building: LogSubscription<Value>,
  { log, bounds, logger }: ReplicaOptions,
  nextId: () => string,
  previous: Bounds | undefined,
): Promise<void> {
  const { replica } = building;
  const append = async (command: Command): Promise<void> => {
    const id = nextId();
    await building.reaches(await log.append(encodeCommand(id, command), id));
  };
  await building.begin(log);
  await building.reaches(await log.last());
  if (building.poison) return;
  // The log is empty, or holds nothing but foreign entries and transactions.
  if (!replica.isCreated) await append({ kind: 'found', bounds: { ...DEFAULT_BOUNDS, ...bounds } });
  const agreed = replica.bounds;
  const wanted = { ...agreed, ...bounds };
  const changed = differing(agreed, wanted);
  if (changed.length === 0 || (previous && differing(agreed, previous).length === 0)) return;
  await append({ kind: 'bounds', bounds: wanted });
  const differences = changed.map((name) => `${name} ${agreed[name]} → ${wanted[name]}`).join(', ');
  logger.info({ bounds: wanted }, `changed the log's bounds: ${differences}`);
}

function differing(one: Bounds, other: Bounds): (keyof Bounds)[] {
  return (Object.keys(other) as (keyof Bounds)[]).filter((name) => one[name] !== other[name]);
}

/** The replica of the newest snapshot that agrees with the log. */
async function fromSnapshot<Value>(log: OrderedLog, epoch: Epoch, logger: Logger): Promise<Replica<Value> | undefined> {
  for (const { sequence, commandId, chunks } of await log.loadSnapshots()) {
    const entry = await log.entryAt(sequence);
    try {
      if (!entry || idOf(entry.data) !== commandId) continue;
      const replica = await importChunks<Value>(chunks);
      if (replica.epoch === epoch) return replica;
    } catch (error) {
      logger.warn(
        { sequence, ...errorFields(error) },
        `the snapshot at sequence ${sequence} can't be read: ${messageOf(error)}`,
      );
    }
  }
  return undefined;
}
