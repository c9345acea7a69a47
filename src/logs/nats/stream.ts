/**
 * The stream that holds the log. Its configuration is checked each time that it is opened: a server may ignore a setting that
 * it doesn't know, and a stream that somebody else created may remove entries that are still needed.
 */
import { createHash } from 'node:crypto';
import type { JetStreamAccountStats, JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { DiscardPolicy, JetStreamApiError, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import type { Logger } from '../../core/model/logger.ts';
import { type Epoch, parseEpoch } from '../../core/model/position.ts';
import { UnfitLogError } from '../remote/driver.ts';

/** When a stream was created, as NATS says while it is still creating it. */
const UNSET_TIME = '0001-01-01T00:00:00Z';

/** JetStream's error numbers. */
const [STREAM_NOT_FOUND, NAME_IN_USE] = [10_059, 10_058];
export const FULL = 10_077;

export const subjectOf = (stream: string): string => `${stream}.commands`;

export const bucketOf = (stream: string): string => `${stream}-snapshots`;

/** A stream that was deleted and created again is another log. */
export function epochOf({ config, created }: StreamInfo): Epoch {
  const hash = createHash('sha256').update(`${config.name}\n${created}`).digest('hex');
  return parseEpoch(BigInt(`0x${hash}`).toString(36).slice(0, 12));
}

export const isMissing = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND;

/**
 * What NATS knows of a stream that it has created. While it creates one for another node, it already answers, with the time unset; and
 * nats-server 2.9 ends with a panic when it is asked then for the stream's subjects or entries.
 */
export async function infoOf(jsm: JetStreamManager, name: string): Promise<StreamInfo> {
  const info = await jsm.streams.info(name);
  if (info.created === UNSET_TIME) throw new Error(`NATS is still creating the stream ${name}`);
  return info;
}

/** A leader hears from each of the other servers once a second. */
const HEARD_WITHIN_NS = 3e9;

/**
 * Why a stream that answers takes no appends. The rest of a cluster without a majority answers, too, and its leader needs ten
 * seconds to notice that it leads nobody. `refusedBytes`: the size of an append that was refused because the stream was full.
 */
export function troubleOf({ config, state, cluster }: StreamInfo, refusedBytes: number): string | undefined {
  const { name, max_bytes: maxBytes } = config;
  if (maxBytes > 0 && refusedBytes > 0 && state.bytes + refusedBytes > maxBytes)
    return `the stream ${name} is full: it has ${state.bytes} of ${maxBytes} bytes (max_bytes), and refused ${refusedBytes} more`;
  if (!cluster?.replicas) return undefined;
  if (!cluster.leader) return `the stream ${name} has no leader`;
  const heard = cluster.replicas.filter(({ offline, active }) => !offline && active < HEARD_WITHIN_NS).length;
  const [here, all] = [1 + heard, 1 + cluster.replicas.length];
  return here > all / 2 ? undefined : `the stream ${name} has ${here} of its ${all} replicas, no majority`;
}

interface Wanted {
  readonly replicas: number | undefined;
  readonly maxCommandBytes: number;
}

/** Throws `UnfitLogError` when the stream can't keep the guarantees. */
export async function ensureStream(
  jsm: JetStreamManager,
  name: string,
  wanted: Wanted & { mayCreate: boolean },
): Promise<StreamInfo> {
  const info = await (wanted.mayCreate ? findOrCreate(jsm, name, wanted.replicas ?? 1) : infoOf(jsm, name));
  const unfit = unfitness(info, wanted);
  if (unfit !== undefined) throw new UnfitLogError(`${unfit}. Change that, or choose another name for the stream`);
  return info;
}

/**
 * At the limit of an account NATS stores an entry, refuses it and removes it again. No node can read across that gap. A stream with
 * `max_bytes` has its room reserved, and refuses before it stores.
 */
export function warnOfLimits(
  { limits, tiers = {} }: JetStreamAccountStats,
  { config }: StreamInfo,
  logger: Logger,
): void {
  const all = [limits, ...Object.values(tiers).map((tier) => tier?.limits)];
  const limit = Math.max(...all.map((each) => each?.max_storage ?? 0));
  if (limit <= 0 || config.max_bytes > 0) return;
  const what = `the account may store ${limit} bytes in NATS, and the stream ${config.name} has no max_bytes`;
  logger.warn({ limit }, `${what}: when the account is full the log becomes unreadable. Set max_bytes`);
}

/** Why the stream can't keep the guarantees. */
export function unfitness(info: StreamInfo, wanted: Wanted): string | undefined {
  const faults = faultsOf(info, wanted);
  return faults.length > 0 ? `the stream ${info.config.name} can't hold the log: ${faults.join('; ')}` : undefined;
}

async function findOrCreate(jsm: JetStreamManager, name: string, replicas: number): Promise<StreamInfo> {
  try {
    return await infoOf(jsm, name);
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
    // Another node, with other options, has created it meanwhile.
    if (!(error instanceof JetStreamApiError && error.code === NAME_IN_USE)) throw error;
  }
  return infoOf(jsm, name);
}

function faultsOf({ config }: StreamInfo, { replicas = 1, maxCommandBytes }: Wanted): string[] {
  const subject = subjectOf(config.name);
  const faults: readonly (readonly [boolean, string])[] = [
    [!config.subjects?.includes(subject), `its subjects must be ${subject}`],
    [isSet(config.mirror) || isSet(config.sources), 'it is a copy of another stream'],
    [config.retention !== RetentionPolicy.Limits, `its retention must be limits, not ${config.retention}`],
    [config.discard !== DiscardPolicy.New, `its discard policy must be new, not ${config.discard}`],
    [config.storage !== StorageType.File, `its storage must be file, not ${config.storage}`],
    [config.max_age > 0, 'it has a max_age, which removes entries that are still needed'],
    [config.max_msgs > 0, 'it has max_msgs; only max_bytes may limit its size'],
    [config.max_msgs_per_subject > 0, 'it has max_msgs_per_subject, which removes entries that are still needed'],
    [config.no_ack === true, 'it acknowledges nothing (no_ack)'],
    [config.sealed, 'it is sealed'],
    [config.deny_purge, 'it denies purges, so it could never be trimmed'],
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
