import { expect, it } from 'vitest';
import { LongBodies } from '../../src/transports/incoming/long-bodies.ts';
import { Turns } from '../../src/transports/protocol/turns.ts';

const MIB = 1024 * 1024;

it('16 MiB of long bodies may wait for their turn, a further one is refused, and short ones never are', async () => {
  const bodies = new LongBodies(new Turns(() => 0));
  const turn = async (bytes: number): Promise<void> => {
    const own = bodies.turn({}, bytes);
    if (own) await own;
  };
  const waiting = Array.from({ length: 16 }, () => turn(MIB));
  await expect(turn(16 * 1024 + 1)).rejects.toMatchObject({
    message: 'too many requests are being sent: retry after 1 s',
    extensions: { code: 'OVERLOADED', retryAfterMs: 1000, http: { status: 503, headers: { 'Retry-After': '1' } } },
  });
  await turn(16 * 1024);
  await Promise.all(waiting);
  await Promise.all(Array.from({ length: 16 }, () => turn(MIB)));
});
