/**
 * The keys of a log, and what must happen to them in one go: Lua scripts, which Redis runs one at a time and repeats on its replicas.
 *
 *     {name}:commands        the stream. An entry's id is <epoch>-<sequence>, so it says itself whose it is, and that none is missing
 *     {name}:epoch           the epoch as a number: a stream that was made anew has another one
 *     {name}:snapshots       what snapshots there are
 *     {name}:snapshot:<id>   the pieces of one
 *
 * The braces keep them in one slot of a cluster.
 */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { newEpoch, type Epoch, parseEpoch, type Sequence } from '../../core/model/position.ts';
import { isRefusal } from './connection.ts';

/** What was found can't keep the guarantees. */
export class RedisLogError extends Error {
  override get name(): string {
    return 'RedisLogError';
  }
}

export interface Keys {
  readonly commands: string;
  readonly epoch: string;
  readonly snapshots: string;
  /** Never there: what is written to it if it is there shows whether writes are taken. */
  readonly probe: string;
  /** Who is making a snapshot. */
  readonly maker: string;
  snapshot(id: string): string;
}

export const keysOf = (stream: string): Keys => ({
  commands: `{${stream}}:commands`,
  epoch: `{${stream}}:epoch`,
  snapshots: `{${stream}}:snapshots`,
  probe: `{${stream}}:probe`,
  maker: `{${stream}}:maker`,
  snapshot: (id) => `{${stream}}:snapshot:${id}`,
});

/** An epoch's 12 digits of base 36 are below 2^63, as the first half of an entry's id has to be. */
export const numberOf = (epoch: Epoch): string =>
  String(Array.from(epoch).reduce((number, digit) => number * 36n + BigInt(parseInt(digit, 36)), 0n));

const epochOf = (number: string): Epoch => parseEpoch(BigInt(number).toString(36).padStart(12, '0'));

/** The place of an entry, from its id; undefined for one of another epoch. */
export function sequenceIn(id: string, epochNumber: string): Sequence | undefined {
  const [epoch, sequence] = id.split('-');
  return epoch === epochNumber ? (Number(sequence) as Sequence) : undefined;
}

interface Script {
  readonly text: string;
  readonly hash: string;
}

const script = (text: string): Script => ({ text, hash: createHash('sha1').update(text).digest('hex') });

/** Founds the log if there is none; the epoch that it has then. */
const FOUND = script(`
  local kind, epochKind = redis.call('TYPE', KEYS[1]).ok, redis.call('TYPE', KEYS[2]).ok
  if epochKind ~= 'none' and epochKind ~= 'string' then return false end
  local epoch = redis.call('GET', KEYS[2])
  if kind == 'none' then
    redis.call('SET', KEYS[2], ARGV[1])
    redis.call('XADD', KEYS[1], ARGV[1] .. '-0', 'founded', '')
    redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)
    return ARGV[1]
  end
  if kind ~= 'stream' or not epoch then return false end
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for n = 1, #info, 2 do
    if info[n] == 'last-generated-id' and string.sub(info[n + 1], 1, #epoch + 1) == epoch .. '-' then return epoch end
  end
  return false`);

/** Appends to the log of an epoch; the id of the last one, or nothing when there is no such log. */
const APPEND = script(`
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return false end
  local now = redis.call('TIME')
  local time = now[1] .. string.format('%03d', math.floor(now[2] / 1000))
  local id = false
  for n = 2, #ARGV do
    id = redis.call('XADD', KEYS[1], 'NOMKSTREAM', ARGV[1] .. '-*', 'time', time, 'data', ARGV[n])
  end
  return id`);

/** How the log is: epoch, last id, first id, and why writes are refused. */
const LOOK = script(`
  local last, first = '', ''
  if redis.call('EXISTS', KEYS[1]) == 1 then
    local info = redis.call('XINFO', 'STREAM', KEYS[1])
    for n = 1, #info, 2 do
      if info[n] == 'last-generated-id' then last = info[n + 1] end
      if info[n] == 'first-entry' and info[n + 1] then first = info[n + 1][1] end
    end
  end
  local probe = redis.pcall('XADD', KEYS[3], 'NOMKSTREAM', '*', 'probe', '')
  return { redis.call('GET', KEYS[2]) or '', last, first, type(probe) == 'table' and probe.err or '' }`);

/** Lets go what is before an id, in the log of an epoch. */
const TRIM = script(`
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
  return redis.call('XTRIM', KEYS[1], 'MINID', ARGV[1] .. '-' .. ARGV[2])`);

export interface Look {
  readonly epoch: Epoch | undefined;
  readonly first: Sequence;
  readonly last: Sequence;
  /** Why nothing is taken in. */
  readonly refusal: string | undefined;
}

export class Scripts {
  readonly #client: Redis;
  readonly #keys: Keys;

  constructor(client: Redis, keys: Keys) {
    this.#client = client;
    this.#keys = keys;
  }

  /** Throws `RedisLogError` when something else is there. */
  async found(): Promise<Epoch> {
    const { commands, epoch } = this.#keys;
    const number = await this.#run(FOUND, [commands, epoch], [numberOf(newEpoch())]);
    if (typeof number !== 'string')
      throw new RedisLogError(
        `${commands} and ${epoch} in Redis are no log of seamline’s: another --stream, or remove both`,
      );
    return epochOf(number);
  }

  /** The sequence of the last one; undefined when the log of that epoch is gone. All or none of them are there. */
  async append(epochNumber: string, data: readonly Buffer[]): Promise<Sequence | undefined> {
    const id = await this.#run(APPEND, [this.#keys.commands, this.#keys.epoch], [epochNumber, ...data]);
    return typeof id === 'string' ? sequenceIn(id, epochNumber) : undefined;
  }

  async look(): Promise<Look> {
    const { commands, epoch, probe } = this.#keys;
    const found = (await this.#run(LOOK, [commands, epoch, probe], [])) as [string, string, string, string];
    const [number, lastId, firstId, refusal] = found;
    const last = sequenceIn(lastId, number);
    const first = sequenceIn(firstId, number);
    return {
      epoch: number === '' || last === undefined ? undefined : epochOf(number),
      last: last ?? (0 as Sequence),
      first: first ?? (((last ?? 0) + 1) as Sequence),
      refusal: refusal === '' ? undefined : refusal,
    };
  }

  async trim(epoch: Epoch, sequence: Sequence): Promise<void> {
    await this.#run(TRIM, [this.#keys.commands, this.#keys.epoch], [numberOf(epoch), String(sequence)]);
  }

  /** By its hash; its text only where the server doesn't know it yet, as one that was just started. */
  async #run(script: Script, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown> {
    const values = [...keys, ...args];
    try {
      return await this.#client.evalsha(script.hash, keys.length, ...values);
    } catch (error) {
      if (!isRefusal(error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return this.#client.eval(script.text, keys.length, ...values);
    }
  }
}
