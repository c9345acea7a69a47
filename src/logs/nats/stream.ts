/**
 * The stream that holds the log: made when it is missing, then read back, for a server may leave out what it doesn't know, and
 * what somebody else made may let entries go that nobody has seen.
 */
import { createHash } from 'node:crypto';
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { type Epoch, parseEpoch } from '../../core/model/position.ts';

/** What was found can't keep the guarantees. */
export class NatsLogError extends Error {
  override get name(): string {
    return 'NatsLogError';
  }
}

/** JetStream's own numbers of its errors. */
const [STREAM_NOT_FOUND, NAME_IN_USE] = [10_059, 10_058];

export const subjectOf = (stream: string): string => `${stream}.commands`;

export const bucketOf = (stream: string): string => `${stream}-snapshots`;

/** A stream that was made anew under the same name is another log. */
export function epochOf({ config, created }: StreamInfo): Epoch {
  const hash = createHash('sha256').update(`${config.name}\n${created}`).digest('hex');
  return parseEpoch(BigInt(`0x${hash}`).toString(36).slice(0, 12));
}

export const isMissing = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND;

/** A leader hears of each of the others once a second. */
const HEARD_WITHIN_NS = 3e9;

/**
 * Why a stream that answers takes nothing in; undefined when it does. What is left of a cluster without a majority answers too,
 * and for ten seconds its leader doesn't know yet that it is none.
 */
export function troubleOf({ config: { name }, cluster }: StreamInfo): string | undefined {
  if (!cluster?.replicas) return undefined;
  if (!cluster.leader) return `the stream ${name} has no leader`;
  const heard = cluster.replicas.filter(({ offline, active }) => !offline && active < HEARD_WITHIN_NS).length;
  const [here, all] = [1 + heard, 1 + cluster.replicas.length];
  return here > all / 2 ? undefined : `the stream ${name} has ${here} of its ${all} replicas, which is no majority`;
}

export interface Wanted {
  readonly replicas: number | undefined;
  readonly maxCommandBytes: number;
}

/** Throws `NatsLogError` when what is there can't keep the guarantees. */
export async function openStream(
  jsm: JetStreamManager,
  name: string,
  wanted: Wanted & { readonly mayMake: boolean },
): Promise<StreamInfo> {
  const info = await (wanted.mayMake ? findOrMake(jsm, name, wanted.replicas ?? 1) : jsm.streams.info(name));
  const faults = faultsOf(info, wanted);
  if (faults.length > 0) throw new NatsLogError(`the stream ${name} can't hold the log: ${faults.join('; ')}`);
  return info;
}

async function findOrMake(jsm: JetStreamManager, name: string, replicas: number): Promise<StreamInfo> {
  try {
    return await jsm.streams.info(name);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  try {
    await jsm.streams.add({
      name,
      subjects: [subjectOf(name)],
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      storage: StorageType.File,
      num_replicas: replicas,
      deny_delete: true,
    });
  } catch (error) {
    // Another node, with other flags, was faster.
    if (!(error instanceof JetStreamApiError && error.code === NAME_IN_USE)) throw error;
  }
  return jsm.streams.info(name);
}

function faultsOf({ config }: StreamInfo, { replicas = 1, maxCommandBytes }: Wanted): string[] {
  const subject = subjectOf(config.name);
  const faults: readonly (readonly [boolean, string])[] = [
    [!config.subjects?.includes(subject), `its subjects must be ${subject}`],
    [isSet(config.mirror) || isSet(config.sources), 'it copies another one'],
    [config.retention !== RetentionPolicy.Limits, `its retention must be limits, not ${config.retention}`],
    [config.discard !== DiscardPolicy.New, `its discard policy must be new, not ${config.discard}`],
    [config.storage !== StorageType.File, `its storage must be file, not ${config.storage}`],
    [config.max_age > 0, 'it has a max_age, and would let go what is still needed'],
    [config.max_msgs > 0, 'it has max_msgs; its size may be limited by max_bytes only'],
    [config.max_msgs_per_subject > 0, 'it has max_msgs_per_subject, and would let go what is still needed'],
    [config.no_ack === true, 'it acknowledges nothing'],
    [config.sealed, 'it is sealed'],
    [config.deny_purge, 'it denies purges, so nothing could ever be let go'],
    [
      config.max_msg_size > 0 && config.max_msg_size < maxCommandBytes,
      `its max_msg_size is ${config.max_msg_size}, less than the ${maxCommandBytes} bytes that a command may have`,
    ],
    [
      config.num_replicas < replicas,
      `it has ${config.num_replicas} replica${config.num_replicas === 1 ? '' : 's'}, not the ${replicas} asked for`,
    ],
  ];
  return faults.filter(([isFault]) => isFault).map(([, words]) => words);
}

const isSet = (value: StreamConfig['mirror'] | StreamConfig['sources']): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined;
