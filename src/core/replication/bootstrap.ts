/**
 * How a replica gets to the end of a log: from the newest snapshot that the log agrees with, by what follows it. A log that holds
 * nothing of ours is founded, and one with other bounds than the operator asked for gets these.
 */
import { type Bounds, type Command, encodeCommand, idOf } from '../model/command.ts';
import type { Following } from './log-subscription.ts';
import { errorFields, type Logger, messageOf } from '../model/logger.ts';
import type { OrderedLog } from './ordered-log.ts';
import type { Epoch } from '../model/position.ts';
import { Replica } from '../replica/replica.ts';
import { importChunks } from '../replica/snapshot.ts';

export interface BuildingOptions {
  readonly log: OrderedLog;
  /** What the operator asked for. What is left out comes from the log, or from the defaults when it is founded here. */
  readonly bounds: Partial<Bounds>;
  readonly logger: Logger;
}

export const DEFAULT_BOUNDS: Bounds = { maxItems: 100_000, maxBytes: 256 * 1024 * 1024, window: 65_536 };

/** What a snapshot has, or nothing yet. */
export async function loadReplica<Value>({ log, bounds, logger }: BuildingOptions): Promise<Replica<Value>> {
  const epoch = await log.open();
  return (await fromSnapshot<Value>(log, epoch, logger)) ?? new Replica<Value>(epoch, { ...DEFAULT_BOUNDS, ...bounds });
}

/**
 * Resolves once the replica has applied what the log held, or has met poison. Rejects when the log breaks meanwhile. `before`: the
 * bounds so far, where a replica is built again; it goes by the log then, unless that has forgotten them.
 */
export async function complete<Value>(
  building: Following<Value>,
  { log, bounds, logger }: BuildingOptions,
  nextId: () => string,
  before: Bounds | undefined,
): Promise<void> {
  const { replica } = building;
  const append = async (command: Command<Value>): Promise<void> => {
    const id = nextId();
    await building.reaches(await log.append(encodeCommand(id, command), id));
  };
  await building.begin(log);
  await building.reaches(await log.last());
  if (building.poison) return;
  // Nothing of ours is there, only foreign entries at the most.
  if (replica.commandIds.size === 0) await append({ kind: 'found', bounds: { ...DEFAULT_BOUNDS, ...bounds } });
  const agreed = replica.bounds;
  const wanted = { ...agreed, ...bounds };
  const changed = differing(agreed, wanted);
  if (changed.length === 0 || (before && differing(agreed, before).length === 0)) return;
  await append({ kind: 'bounds', bounds: wanted });
  const differences = changed.map((name) => `${name} ${agreed[name]} → ${wanted[name]}`).join(', ');
  logger.info({ bounds: wanted }, `changed the log's bounds: ${differences}`);
}

function differing(one: Bounds, other: Bounds): (keyof Bounds)[] {
  return (Object.keys(other) as (keyof Bounds)[]).filter((name) => one[name] !== other[name]);
}

/** From the newest snapshot that the log agrees with; undefined when there is none. */
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
