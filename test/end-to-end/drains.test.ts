/** A rolling restart with common clients: their live data continues, and no client takes a drain for the end (G9). */
import { describe, expect, it } from 'vitest';
import { memoryLog } from '../../src/logs/memory/memory-log.ts';
import { networkTo } from '../support/sockets/proxy.ts';
import { startServer } from '../support/server/server.ts';
import { plainSubscribers, resumingSubscribers, type SeenItem, write } from '../support/clients/subscribers.ts';

const RESTARTS = 5;
const QUERY = 'subscription { items { key value } }';
const DELIVERY = [
  ['the fan-out', true],
  ['generators', false],
] as const;

describe.each(DELIVERY)('delivered by %s', (_name, fanOut) => {
  it.each(resumingSubscribers)(
    `$name with seamline/client sees exactly the history across ${RESTARTS} restarts during writes (G2, G3, G4, G9)`,
    async ({ subscribe }) => {
      const log = memoryLog({ shared: true });
      const start = () => startServer({ log, fanOut });
      let server = await start();
      const network = await networkTo(server.url);
      const written: SeenItem[] = [];
      await write(server, 5, written);
      const seen = subscribe(network.url, QUERY);
      let hasEnded = false;
      void seen.ended.finally(() => (hasEnded = true)).catch(() => {});
      await seen.reaches(5);
      for (let restart = 0; restart < RESTARTS; restart++) {
        const next = await start();
        const writing = write(next, 20, written);
        await seen.reaches(written.length + 3);
        network.mend(next.url);
        await server.drain();
        await writing;
        await seen.reaches(written.length);
        server = next;
      }
      expect(seen.items).toEqual(written);
      expect(hasEnded).toBe(false);
    },
  );

  it.each(plainSubscribers)(
    '$name without seamline/client reports that its connection broke, or subscribes again (G9)',
    async ({ subscribe }) => {
      const [server, other] = [await startServer({ fanOut }), await startServer({ fanOut })];
      const network = await networkTo(server.url);
      await write(server, 3, []);
      await write(other, 1, []);
      const seen = subscribe(network.url, QUERY);
      await seen.reaches(3);
      network.mend(other.url);
      const outcome = Promise.race([
        seen.ended.then(
          () => 'completed',
          () => 'broken',
        ),
        seen.reaches(4).then(
          () => 'subscribed again',
          () => 'broken',
        ),
      ]);
      await server.drain();
      expect(await outcome).toMatch(/broken|subscribed again/);
    },
  );
});
