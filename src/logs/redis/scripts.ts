/**
 * The keys of a log, and the atomic operations on them: Lua scripts, which Redis runs one at a time and repeats on its replicas.
 *
 *     {name}:commands        the stream. The id of an entry is <epoch>-<sequence>: it names its log, and shows every gap
 *     {name}:epoch           the epoch as a number: a stream that was created again has another one
 *     {name}:snapshots       the heads of the snapshots
 *     {name}:snapshot:<id>   the pieces of one
 *
 * The braces keep them in one slot of a cluster.
 */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { newEpoch, type Epoch, parseEpoch, type Sequence } from '../../core/model/position.ts';
import { type LogState, type SnapshotClaims, UnfitLogError } from '../remote/driver.ts';
import { isRefusal } from './connection.ts';

export const keysOf = (stream: string) => ({
  commands: `{${stream}}:commands`,
  epoch: `{${stream}}:epoch`,
  snapshots: `{${stream}}:snapshots`,
  snapshot: (id: string) => `{${stream}}:snapshot:${id}`,
  /** Never exists: a write to it changes nothing, and shows whether Redis takes writes. */
  probe: `{${stream}}:probe`,
  /** The node that builds a snapshot. */
  claim: `{${stream}}:maker`,
  /** The node that saves its own state, because entries are missing. */
  rescue: `{${stream}}:rescuer`,
});

export type Keys = Readonly<ReturnType<typeof keysOf>>;

/** An epoch's 12 digits of base 36 are below 2^63, as the first half of an entry's id has to be. */
export const numberOf = (epoch: Epoch): string =>
  String(Array.from(epoch).reduce((number, digit) => number * 36n + BigInt(parseInt(digit, 36)), 0n));

const epochOf = (number: string): Epoch => parseEpoch(BigInt(number).toString(36).padStart(12, '0'));

/** The sequence in an entry's id; undefined for an entry of another epoch. */
export function sequenceIn(id: string, epochNumber: string): Sequence | undefined {
  const [epoch, sequence] = id.split('-');
  return epoch === epochNumber ? (Number(sequence) as Sequence) : undefined;
}

const script = (text: string) => ({ text, hash: createHash('sha1').update(text).digest('hex') });

/**
 * Creates the log if there is none. Returns its epoch, which the ids of the entries hold as well: so it is restored when only its
 * key was removed.
 */
const ENSURE = script(`
  local kind, epochKind = redis.call('TYPE', KEYS[1]).ok, redis.call('TYPE', KEYS[2]).ok
  if epochKind ~= 'none' and epochKind ~= 'string' then return false end
  local epoch = redis.call('GET', KEYS[2])
  if kind == 'none' then
    redis.call('SET', KEYS[2], ARGV[1])
    redis.call('XADD', KEYS[1], ARGV[1] .. '-0', 'founded', '')
    redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)
    return ARGV[1]
  end
  if kind ~= 'stream' then return false end
  local info, last, newest = redis.call('XINFO', 'STREAM', KEYS[1]), '', false
  for n = 1, #info, 2 do
    if info[n] == 'last-generated-id' then last = info[n + 1] end
    if info[n] == 'last-entry' and info[n + 1] then newest = info[n + 1][2] end
  end
  local isOurs = newest and newest[1] == 'time' and newest[3] == 'data'
  if not epoch and isOurs then
    epoch = string.match(last, '^[0-9]+')
    redis.call('SET', KEYS[2], epoch)
  end
  if epoch and string.sub(last, 1, #epoch + 1) == epoch .. '-' then return epoch end
  return false`);

/** Appends to the log of an epoch. Returns the id of the last entry, or nothing when there is no such log. */
const APPEND = script(`
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return false end
  local now = redis.call('TIME')
  local time = now[1] .. string.format('%03d', math.floor(now[2] / 1000))
  local id = false
  for n = 2, #ARGV do
    id = redis.call('XADD', KEYS[1], 'NOMKSTREAM', ARGV[1] .. '-*', 'time', time, 'data', ARGV[n])
  end
  return id`);

/** Returns the epoch, the last id, the first id, the number of entries, and why writes are refused. */
const LOOK = script(`
  local last, first, count = '', '', 0
  if redis.call('TYPE', KEYS[1]).ok == 'stream' then
    local info = redis.call('XINFO', 'STREAM', KEYS[1])
    for n = 1, #info, 2 do
      if info[n] == 'last-generated-id' then last = info[n + 1] end
      if info[n] == 'length' then count = info[n + 1] end
      if info[n] == 'first-entry' and info[n + 1] then first = info[n + 1][1] end
    end
  end
  local probe = redis.pcall('XADD', KEYS[3], 'NOMKSTREAM', '*', 'probe', '')
  local clock = redis.pcall('TIME')
  local refusal = type(probe) == 'table' and probe.err or clock.err or ''
  local epoch = redis.call('TYPE', KEYS[2]).ok == 'string' and redis.call('GET', KEYS[2]) or ''
  return { epoch, last, first, count, refusal }`);

/** Removes the entries before a sequence from the log of an epoch. */
const TRIM = script(`
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
  return redis.call('XTRIM', KEYS[1], 'MINID', ARGV[1] .. '-' .. ARGV[2])`);

export class Scripts {
  readonly #client: Redis;
  readonly #keys: Keys;

  constructor(client: Redis, keys: Keys) {
    this.#client = client;
    this.#keys = keys;
  }

  /** Throws `UnfitLogError` when the keys hold something else. */
  async ensure(): Promise<Epoch> {
    const { commands, epoch } = this.#keys;
    const number = await this.#run(ENSURE, [commands, epoch], [numberOf(newEpoch())]);
    if (typeof number !== 'string')
      throw new UnfitLogError(
        `${commands} and ${epoch} in Redis hold something else than a log: choose another --stream, or remove both`,
      );
    return epochOf(number);
  }

  /** All or none of them. Resolves with the sequence of the last one; undefined when the log of that epoch is gone. */
  async append(epochNumber: string, data: readonly Buffer[]): Promise<Sequence | undefined> {
    const id = await this.#run(APPEND, [this.#keys.commands, this.#keys.epoch], [epochNumber, ...data]);
    return typeof id === 'string' ? sequenceIn(id, epochNumber) : undefined;
  }

  async look(): Promise<LogState> {
    const { commands, epoch, probe } = this.#keys;
    const answer = await this.#run(LOOK, [commands, epoch, probe], []);
    const [number, lastId, firstId, count, refusal] = answer as [string, string, string, number, string];
    const last = sequenceIn(lastId, number);
    const first = sequenceIn(firstId, number);
    return {
      epoch: number === '' || last === undefined ? undefined : epochOf(number),
      last: last ?? (0 as Sequence),
      first: first ?? (((last ?? 0) + 1) as Sequence),
      count,
      unfit: undefined,
      trouble: refusal === '' ? undefined : `Redis refuses writes: ${refusal}`,
    };
  }

  async trim(epochNumber: string, sequence: Sequence): Promise<void> {
    await this.#run(TRIM, [this.#keys.commands, this.#keys.epoch], [epochNumber, String(sequence)]);
  }

  /** By its hash, or by its text if the server doesn't know it yet. */
  async #run(
    { text, hash }: ReturnType<typeof script>,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
  ): Promise<unknown> {
    const values = [...keys, ...args];
    try {
      return await this.#client.evalsha(hash, keys.length, ...values);
    } catch (error) {
      if (!isRefusal(error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return this.#client.eval(text, keys.length, ...values);
    }
  }
}

/** Claimed by a key that expires. */
export function claimsOn(client: Redis, key: string): SnapshotClaims {
  const node = crypto.randomUUID();
  return {
    claim: async (forMs) => (await client.set(key, node, 'PX', forMs, 'NX')) !== null,
    async release() {
      if ((await client.get(key)) === node) await client.del(key);
    },
  };
}
