import { describe, expect, it } from 'vitest';
import { ItemChangesDocument } from '../../../schema/documents/graphql.ts';
import { FaultyEngine } from '../../support/model/faulty-engine.ts';
import { startServer } from '../../support/server/server.ts';
import { eventsOf } from '../../support/clients/streams.ts';
import { type Asked, byGet, byPost, foreignCursor, insert, keysOf, nextsOf, results } from './sse-streams.ts';

const methods = [
  ['POST', byPost],
  ['GET', byGet],
] as const;

describe('an event', () => {
  it.each([true, false])(
    'an event ends with its id, so that a client never keeps the id of a cut event, with fan-out %s',
    async (fanOut) => {
      const server = await startServer({ fanOut });
      await insert(server, 'a', 'b');
      const text = await (await byPost(server, { variables: { limit: 2 } })).end();
      const blocks = text.split('\n\n').filter((block) => block.startsWith('event:'));
      expect(blocks).toHaveLength(3);
      for (const block of blocks)
        expect(block.split('\n').map((line) => line.split(':')[0])).toEqual(['event', 'data', 'id']);
    },
  );
});

describe.each(methods)('SSE by %s', (_name, subscribe) => {
  it('SSE delivers the current items and then insertions, with headers that keep proxies from buffering', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const stream = await subscribe(server, { variables: { limit: 2 } });
    expect(stream.response.status).toBe(200);
    const header = (name: string): string | null => stream.response.headers.get(name);
    expect(header('content-type')).toMatch(/^text\/event-stream(; ?charset=utf-8)?$/i);
    expect(header('x-accel-buffering')).toBe('no');
    expect(header('cache-control')).toBe('no-cache, no-transform');
    await results(stream, 1);
    await insert(server, 'b');
    const text = await stream.end();
    expect(keysOf(text)).toEqual(['a', 'b']);
    expect(eventsOf(text).map(({ event }) => event)).toEqual(['next', 'next', 'complete']);
  });

  it('the server answers before there is a result', async () => {
    const server = await startServer();
    const stream = await subscribe(server);
    expect(stream.response.status).toBe(200);
    expect(await stream.until(/\n/)).toMatch(/^:/);
  });

  it('every next has an id of its own, which resumes exactly after it (G2, G4)', async () => {
    const server = await startServer();
    await insert(server, 'a', 'b', 'c');
    const stream = await subscribe(server);
    const ids = nextsOf(await results(stream, 3)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    stream.leave();
    for (const [index, lastEventId] of ids.entries()) {
      const resumed = await subscribe(server, { lastEventId });
      await insert(server, `later ${index}`);
      const expected = ['a', 'b', 'c', 'later 0', 'later 1', 'later 2'].slice(index + 1, 4 + index);
      expect(keysOf(await results(resumed, expected.length))).toEqual(expected);
      resumed.leave();
    }
  });

  it('a stream that is cut after 2 of 5 and resumed delivers exactly 3 more and completes (G2, G8)', async () => {
    const server = await startServer();
    await insert(server, 'a', 'b');
    const cut = await subscribe(server, { variables: { limit: 5 } });
    const lastEventId = nextsOf(await results(cut, 2)).at(-1)?.id;
    cut.leave();
    await insert(server, 'c', 'd', 'e', 'f', 'g');
    const resumed = await subscribe(server, { variables: { limit: 5 }, lastEventId });
    const text = await resumed.end();
    expect(keysOf(text)).toEqual(['c', 'd', 'e']);
    expect(eventsOf(text).at(-1)?.event).toBe('complete');
  });

  it('a reconnect after complete is answered 204, which ends an EventSource', async () => {
    const server = await startServer();
    await insert(server, 'a', 'b', 'c');
    const stream = await subscribe(server, { variables: { limit: 2 } });
    const events = eventsOf(await stream.end());
    expect(events.map(({ event }) => event)).toEqual(['next', 'next', 'complete']);
    // Complete may be lost on the way: the last result counts as well.
    for (const { id } of events.slice(1)) {
      expect(id).toBeTruthy();
      const again = await subscribe(server, { variables: { limit: 2 }, lastEventId: id });
      expect(again.response.status).toBe(204);
      expect(await again.end()).toBe('');
    }
  });

  it('an expired Last-Event-ID is answered with its error and an empty id, so that the next reconnect starts over', async () => {
    const server = await startServer();
    await insert(server, 'a');
    for (const suffix of ['', '.3']) {
      const stream = await subscribe(server, { lastEventId: `${await foreignCursor()}${suffix}` });
      const [next, complete, ...rest] = eventsOf(await stream.end());
      expect(next).toMatchObject({ event: 'next', id: '' });
      expect(JSON.parse(next?.data ?? '')).toMatchObject({ errors: [{ extensions: { code: 'CURSOR_EXPIRED' } }] });
      expect(complete?.event).toBe('complete');
      expect(complete).not.toHaveProperty('id');
      expect(rest).toEqual([]);
    }
  });

  it.each(['nonsense', '1.2.3', '-', 'ä'])(
    'the Last-Event-ID %j is answered with BAD_USER_INPUT',
    async (lastEventId) => {
      const server = await startServer();
      await insert(server, 'a');
      const stream = await subscribe(server, { lastEventId: encodeURIComponent(lastEventId) });
      const [next, complete] = eventsOf(await stream.end());
      expect(JSON.parse(next?.data ?? '')).toMatchObject({
        errors: [{ extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['Last-Event-ID'] }] } }],
      });
      expect(complete?.event).toBe('complete');
    },
  );

  it('Last-Event-ID takes precedence over extensions.after, which takes precedence over the argument', async () => {
    const server = await startServer();
    await insert(server, 'a', 'b', 'c', 'd');
    const [a, b, c] = ['a', 'b', 'c'].map((key) => server.map.get(key)?.cursor);
    const first = async (asked: Asked): Promise<string | undefined> => {
      const stream = await subscribe(server, asked);
      const [key] = keysOf(await results(stream, 1));
      stream.leave();
      return key;
    };
    const variables = { after: a };
    expect(await first({ variables })).toBe('b');
    expect(await first({ variables, extensions: { after: b } })).toBe('c');
    expect(await first({ variables, extensions: { after: b }, lastEventId: c })).toBe('d');
    expect(await first({ extensions: { after: b } })).toBe('c');
  });

  it('each result has extensions.cursor when the request asks for cursors', async () => {
    const server = await startServer();
    await insert(server, 'a', 'b');
    const stream = await subscribe(server, { variables: { limit: 2 }, extensions: { cursors: true } });
    const cursors = nextsOf(await stream.end()).map(({ data = '' }) => JSON.parse(data) as object);
    expect(cursors).toMatchObject(['a', 'b'].map((key) => ({ extensions: { cursor: server.map.get(key)?.cursor } })));
  });

  it('each itemChanges message has an id that resumes after it (G4, G6)', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const query = String(ItemChangesDocument);
    const stream = await subscribe(server, { query });
    const first = nextsOf(await results(stream, 1))[0];
    expect(JSON.parse(first?.data ?? '')).toMatchObject({
      data: { itemChanges: { reset: true, upserted: [{ key: 'a' }], caughtUp: true, size: 1 } },
    });
    await server.map.remove('a');
    expect(nextsOf(await results(stream, 2))[1]?.id).toBeTruthy();
    stream.leave();
    const resumed = await subscribe(server, { query, lastEventId: first?.id });
    const { itemChanges } = (
      JSON.parse(nextsOf(await results(resumed, 1))[0]?.data ?? '') as { data: { itemChanges: object } }
    ).data;
    expect(itemChanges).toMatchObject({ reset: false, upserted: [], removed: [{ key: 'a' }] });
  });

  it.each([true, false])(
    'a stream ends with an empty id when the log has lost its position: fan-out %s',
    async (fanOut) => {
      const engine = new FaultyEngine();
      const server = await startServer({ log: engine.connect(), fanOut });
      await insert(server, 'a');
      const stream = await subscribe(server);
      await results(stream, 1);
      engine.lose(1);
      const [, next, complete] = eventsOf(await stream.end());
      expect(next?.data).toContain('CURSOR_EXPIRED');
      expect([next?.id, complete]).toEqual(['', { event: 'complete', data: '' }]);
    },
  );

  it('itemChanges starts over when the Last-Event-ID has expired', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const stream = await subscribe(server, { query: String(ItemChangesDocument), lastEventId: await foreignCursor() });
    expect(JSON.parse(nextsOf(await results(stream, 1))[0]?.data ?? '')).toMatchObject({
      data: { itemChanges: { reset: true, upserted: [{ key: 'a' }] } },
    });
  });

  it('a stream ends without complete and with a retry when the server drains (G9)', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const stream = await subscribe(server);
    await results(stream, 1);
    const drained = server.drain();
    const events = eventsOf(await stream.broken());
    expect(events.map(({ event }) => event)).not.toContain('complete');
    expect(Number(events.at(-1)?.retry)).toBeGreaterThan(0);
    await drained;
  });
});
