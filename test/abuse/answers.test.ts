/** Answers that nobody reads. */
import { describe, it } from 'vitest';
import { expectUnharmed, underAttack } from '../support/abuse/abuse.ts';

/** 1,000 items: a page of all of them has 60 MB. */
const FULL = { before: { name: 'fill', bytes: 60_000_000 } };

describe('answers that nobody reads', () => {
  it('20 queries for 60 MB each on one WebSocket that reads nothing harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'unreadQueries', count: 20 }, FULL));
  });

  it('20 WebSockets that ask for 60 MB each and read nothing harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'unreadSockets', count: 20 }, FULL));
  });

  it('30 HTTP requests for 60 MB each whose answers are not read harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'unreadResponses', count: 30 }, FULL));
  });

  it('300 replays over SSE with a selection each, which are not read, harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'unreadStreams', count: 300, distinct: true }, FULL));
  });

  it('insertions whose large answers are not read over WebSocket harm nobody', async () => {
    const attack = { name: 'unreadInsertions', connections: 10, count: 50, bytes: 60_000 };
    expectUnharmed(await underAttack(attack, { withinMs: 10_000, isFilling: true }), { isFilling: true });
  });

  it('insertions whose large answers are not read over HTTP harm nobody', async () => {
    const attack = { name: 'unreadInsertions', connections: 30, count: 20, bytes: 60_000, transport: 'http' };
    expectUnharmed(await underAttack(attack, { withinMs: 10_000, isFilling: true }), { isFilling: true });
  });

  it('pages of GraphiQL that are requested many times and not read harm nobody', async () => {
    // The first one loads its code.
    const before = { name: 'pipelined', connections: 1, requests: 1, what: 'page' };
    expectUnharmed(await underAttack({ name: 'pipelined', connections: 100, requests: 50, what: 'page' }, { before }));
  });
});
