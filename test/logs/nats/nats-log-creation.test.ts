import { connect, type Msg } from '@nats-io/transport-node';
import { expect, it, onTestFinished } from 'vitest';
import { natsLog } from '../../../src/logs/nats/nats-log.ts';
import { describeWithNats } from '../../support/engines/nats.ts';
import { openNatsLog, startNats } from '../../support/engines/nats-logs.ts';

/** As nats-server says it of a stream that it has begun to create. */
const UNSET_TIME = '0001-01-01T00:00:00Z';
const CREATED = '2026-01-02T03:04:05.678Z';

interface Creating {
  readonly url: string;
  /** Requests that nats-server 2.9 would not have survived, because the stream was not created yet. */
  readonly fatal: string[];
}

/** Answers for JetStream that each stream exists, and is still being created by another node the first time that it is asked for. */
async function serverThatCreates(): Promise<Creating> {
  const { url } = await startNats({ jetStream: false });
  const client = await connect({ servers: url });
  onTestFinished(() => client.close());
  const fatal: string[] = [];
  const asked = new Map<string, number>();
  const answer = (message: Msg): void => {
    const name = message.subject.split('.').at(-1) ?? '';
    const times = (asked.get(name) ?? 0) + 1;
    asked.set(name, times);
    const created = times > 1 ? CREATED : UNSET_TIME;
    if (created === UNSET_TIME && message.string().includes('subjects_filter')) fatal.push(message.subject);
    const config = { name, subjects: ['test.commands'], retention: 'limits', discard: 'new', storage: 'file' };
    const state = { messages: 0, bytes: 0, first_seq: 0, last_seq: 0, consumer_count: 0 };
    message.respond(JSON.stringify({ config: { ...config, num_replicas: 1 }, created, state }));
  };
  client.subscribe('$JS.API.STREAM.INFO.*', { callback: (error, message) => void (error ?? answer(message)) });
  await client.flush();
  return { url, fatal };
}

describeWithNats('a NATS log that another node is creating', () => {
  it('a node that opens a log while another node creates its stream has the same epoch as nodes that open it later (G4)', async () => {
    const { url } = await serverThatCreates();
    const epochs: string[] = [];
    for (const log of [natsLog({ servers: url, stream: 'test' }), natsLog({ servers: url, stream: 'test' })]) {
      onTestFinished(() => log.close());
      epochs.push(await log.open());
    }
    expect(epochs[0]).toBe(epochs[1]);
  });

  it('a node asks for the snapshots only after NATS has created their stream', async () => {
    const { url, fatal } = await serverThatCreates();
    const log = await openNatsLog(url);
    expect(await log.loadSnapshots()).toEqual([]);
    expect(fatal).toEqual([]);
  });
});
