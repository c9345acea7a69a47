/** Logs on a NATS server, which end with their test. */
import { setImmediate as turn } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { onTestFinished } from 'vitest';
import type { OrderedLog } from '../../src/core/ordered-log.ts';
import type { Sequence } from '../../src/core/position.ts';
import { natsLog, type NatsLogOptions } from '../../src/logs/nats-log.ts';
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

/** To do to a stream what nobody should. */
export async function managerOf(servers: string | string[]): Promise<JetStreamManager> {
  const client = await connect({ servers });
  onTestFinished(() => client.close());
  return jetstreamManager(client);
}

/** Again and again with the same id, until it is answered. */
export async function appendForSure(log: OrderedLog, text: string): Promise<Sequence> {
  for (;;) {
    try {
      return await log.append(Buffer.from(text), `id-${text}`);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'ENGINE_UNAVAILABLE' && code !== 'INDETERMINATE') throw error;
      // Refused at once, it would leave nothing else a turn.
      await turn();
    }
  }
}
