import { expect, it } from 'vitest';
import type { Epoch, Sequence } from '../../../src/core/model/position.ts';
import type { LogEntry } from '../../../src/core/replication/ordered-log.ts';
import type { EntryReceiver } from '../../../src/logs/remote/driver.ts';
import { describeWithPostgres } from '../../support/engines/postgres.ts';
import { openSession } from './open-session.ts';

const [SMALL, LARGE, LARGE_BYTES] = [2000, 40, 256 * 1024];
const MOST_BYTES = 1024 * 1024 + LARGE_BYTES;

describeWithPostgres('Reads of large entries in PostgreSQL', (start) => {
  it('large entries after many small ones come in reads of limited size, one after the other', async () => {
    const server = await start();
    const session = await openSession(server.url);
    const [stream] = await server.rows("select id, epoch from seamline.streams where name = 'test'");
    const append = async (count: number, bytes: number): Promise<void> => {
      await server.rows(
        `insert into seamline.entries (stream_id, sequence, time, data)
         select $1, seamline.last_sequence($1) + n, 1, convert_to(repeat('x', $3), 'UTF8') from generate_series(1, $2::integer) n`,
        [stream?.['id'], count, bytes],
      );
    };
    const reads: number[] = [];
    const receiver: { -readonly [Name in keyof EntryReceiver]: EntryReceiver[Name] } = {
      epoch: String(stream?.['epoch']) as Epoch,
      next: 1 as Sequence,
      previous: undefined,
      verify: () => true,
      receive(entries: readonly LogEntry[]) {
        const last = entries.at(-1);
        if (!last) return;
        receiver.next = (last.sequence + 1) as Sequence;
        receiver.previous = last;
        reads.push(entries.reduce((sum, { data }) => sum + data.length, 0));
      },
      missesPrevious: () => {},
      lacks: () => {},
      refused: () => {},
      break: () => {},
    };
    await append(SMALL, 1);
    const source = session.follow(receiver);
    await source.start();
    await expect.poll(() => receiver.next).toBe(SMALL + 1);
    reads.length = 0;
    await append(LARGE, LARGE_BYTES);
    await expect.poll(() => receiver.next, { timeout: 5000 }).toBe(SMALL + LARGE + 1);
    source.stop();
    expect(Math.max(...reads)).toBeLessThanOrEqual(MOST_BYTES);
    expect(reads.reduce((sum, bytes) => sum + bytes)).toBe(LARGE * LARGE_BYTES);
  });
});
