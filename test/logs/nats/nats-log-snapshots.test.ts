import { Objm } from '@nats-io/obj';
import { connect } from '@nats-io/transport-node';
import { expect, it, onTestFinished } from 'vitest';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { natsLog } from '../../../src/logs/nats/nats-log.ts';
import { upTo } from '../../../src/testing/recording.ts';
import { describeWithNats } from '../../support/engines/nats.ts';
import { managerOf, openNatsLog, startNats } from '../../support/engines/nats-logs.ts';
import { save, write } from '../snapshots.ts';

describeWithNats('snapshots of a NATS log', () => {
  it('snapshots are objects that any NATS client can read, and no more than two are kept', async () => {
    const nats = await startNats();
    const map = await StreamingMap.open({ log: natsLog({ servers: nats.url, stream: 'test' }) });
    onTestFinished(() => map.close());
    const log = await openNatsLog(nats.url);
    for (const round of upTo(4)) {
      await write(map, round);
      await save(map, log);
    }
    const client = await connect({ servers: nats.url });
    onTestFinished(() => client.close());
    const objects = await new Objm(client).open('test-snapshots');
    const names = (await objects.list()).map(({ name }) => name);
    expect(names).toHaveLength(2);
    const sizes = await Promise.all(names.map(async (name) => (await objects.getBlob(name))?.length ?? 0));
    expect(Math.min(...sizes)).toBeGreaterThan(10_000);
    const { state } = await (await managerOf(nats.url)).streams.info('OBJ_test-snapshots', { subjects_filter: '>' });
    expect(Object.keys(state.subjects ?? {})).toHaveLength(4);
  });
});
