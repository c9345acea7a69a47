import { afterAll, beforeAll } from 'vitest';
import { natsLog } from '../../../src/logs/nats/nats-log.ts';
import { describeWithNats, NatsServer } from '../../support/engines/nats.ts';
import { describeLog } from '../conformance.ts';

describeWithNats('NATS log', () => {
  let nats: NatsServer;
  let streams = 0;
  beforeAll(async () => (nats = await NatsServer.start()));
  afterAll(() => nats.stop());

  describeLog('NATS log', async () => {
    const options = { servers: nats.url, stream: `s${streams++}` };
    return { log: natsLog(options), reopen: async () => natsLog(options) };
  });
});
