/** Connections are cut while items are written. A client sees exactly what it would have seen without the cuts. */
import { describe, expect, it } from 'vitest';
import { networkTo } from '../support/sockets/proxy.ts';
import { startServer } from '../support/server/server.ts';
import { plainSubscribers, resumingSubscribers, type SeenItem, write } from '../support/clients/subscribers.ts';

const CUTS = 20;
const QUERY = 'subscription { items { key value } }';

describe.each(resumingSubscribers)('$name with seamline/client', ({ subscribe }) => {
  it(`a client sees exactly the uncut history across ${CUTS} cuts during writes (G2, G3, G4)`, async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    const written: SeenItem[] = [];
    for (let index = 0; index < 5; index++) await write(server, 1, written);
    const seen = subscribe(network.url, QUERY);
    await seen.reaches(written.length);
    for (let cut = 0; cut < CUTS; cut++) {
      const writing = write(server, 30, written);
      await seen.reaches(written.length + 3);
      network.cut();
      if (cut % 2 === 0) await network.refusal();
      await writing;
      network.mend();
      await seen.reaches(written.length);
    }
    expect(seen.items).toEqual(written);
  });

  it(`a client sees exactly its limit across ${CUTS} cuts (G8)`, async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    const written: SeenItem[] = [];
    await write(server, 2, written);
    const seen = subscribe(network.url, `subscription { items(limit: ${2 + CUTS}) { key value } }`);
    await seen.reaches(2);
    for (let cut = 0; cut < CUTS; cut++) {
      network.cut();
      await network.refusal();
      await write(server, 1, written);
      network.mend();
      await seen.reaches(written.length);
    }
    await write(server, 5, written);
    await seen.ended;
    expect(seen.items).toEqual(written.slice(0, 2 + CUTS));
  });
});

describe.each(plainSubscribers)('$name without seamline/client', ({ subscribe }) => {
  it('a client receives the current items and then the inserted ones (G1)', async () => {
    const server = await startServer();
    const written: SeenItem[] = [];
    await write(server, 3, written);
    const seen = subscribe(server.url, QUERY);
    await seen.reaches(3);
    await write(server, 20, written);
    await seen.reaches(23);
    expect(seen.items).toEqual(written);
  });
});
