/** Logs on a NATS server, which end with their test. */
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { onTestFinished } from 'vitest';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { natsLog, type NatsLogOptions } from '../../../src/logs/nats/nats-log.ts';
import { type NatsOptions, NatsServer } from './nats.ts';

export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const nats = await NatsServer.start(options);
  onTestFinished(() => nats.stop());
  return nats;
}

export async function openNatsLog(servers: string, options: Partial<NatsLogOptions> = {}): Promise<OrderedLog> {
  const log = natsLog({ servers, stream: 'test', ...options });
  onTestFinished(() => log.close());
  await log.open();
  return log;
}

/** For changes to a stream that only tests make. */
export async function managerOf(
  servers: string | string[],
  user: { readonly user?: string; readonly pass?: string } = {},
): Promise<JetStreamManager> {
  const client = await connect({ servers, ...user });
  onTestFinished(() => client.close());
  return jetstreamManager(client);
}
