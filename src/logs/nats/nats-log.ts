import type { OrderedLog } from '../../core/replication/ordered-log.ts';
import { RemoteLog } from '../remote/remote-log.ts';
import { natsDriver } from './driver.ts';
import type { NatsLogOptions } from './options.ts';

export type { NatsLogOptions } from './options.ts';

/**
 * A log on NATS JetStream, for any number of nodes: commands in a stream, which the servers order and replicate by Raft, and
 * snapshots in an object store. An insertion that is answered is as durable as the stream. Needs the packages
 * `@nats-io/transport-node`, `@nats-io/jetstream` and `@nats-io/obj`.
 *
 * It connects when a map opens it: `open` rejects with `ENGINE_UNAVAILABLE` when no server can be reached, and with an error
 * that says what to change when the stream can't hold the log.
 *
 * @throws RangeError for an option with an impossible value, and for a file that can't be read.
 *
 * @example
 * ```ts
 * import { StreamingMap } from 'seamline';
 * import { natsLog } from 'seamline/nats';
 *
 * const log = natsLog({ servers: ['nats://n1:4222', 'nats://n2:4222', 'nats://n3:4222'], replicas: 3 });
 * const map = await StreamingMap.open({ log });
 * ```
 */
export function natsLog(options: NatsLogOptions): OrderedLog {
  const { logger: _, ...rest } = options;
  const module = { url: import.meta.url, name: 'natsLog', options: { ...rest, create: false } };
  return new RemoteLog(natsDriver(options), options, module);
}
