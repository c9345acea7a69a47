import type { Redis } from 'ioredis';
import type { Logger } from '../../core/model/logger.ts';
import { UnfitLogError } from '../remote/driver.ts';

/** The first whose streams count entries of one epoch by themselves. */
const OLDEST = 7;

const FLEETING =
  'Redis keeps no append-only file: what it took since its last snapshot is lost when it ends. Set appendonly to yes';

/** Watches how the server is configured, which an operator may change at any time. */
export class ServerWatch {
  readonly #client: Redis;
  readonly #logger: Logger;
  #hasFile = true;

  constructor(client: Redis, logger: Logger) {
    this.#client = client;
    this.#logger = logger;
  }

  /** Throws `UnfitLogError` when the server can't keep a log. */
  async assertFit(): Promise<void> {
    const { redis_version: version = '' } = fieldsOf(await this.#client.info('server'));
    if (Number.parseInt(version) < OLDEST)
      throw new UnfitLogError(`Redis ${version} is too old: version ${OLDEST}.0 or newer, or Valkey, is required`);
    const unfit = await this.unfitness();
    if (unfit !== undefined) throw new UnfitLogError(unfit);
  }

  /** Why the server would not keep the log. Warns when it begins to keep nothing across its own end. */
  async unfitness(): Promise<string | undefined> {
    const {
      maxmemory = '0',
      maxmemory_policy: policy = '',
      aof_enabled: aof,
    } = fieldsOf(await this.#client.info('memory', 'persistence'));
    if (aof === '0' && this.#hasFile) this.#logger.warn({}, FLEETING);
    this.#hasFile = aof !== '0';
    return maxmemory !== '0' && policy.startsWith('allkeys')
      ? `Redis would remove the log when its memory is full: set maxmemory-policy to noeviction, not ${policy}`
      : undefined;
  }
}

const fieldsOf = (info: string): Readonly<Record<string, string>> =>
  Object.fromEntries([...info.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]));
