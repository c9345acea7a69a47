import { describe, expect, it } from 'vitest';
import { connect, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { startServer } from '../../support/server/server.ts';
import { WireSocket } from '../../support/sockets/wire-socket.ts';

const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { key } }';

describe('a message that is nested too deep', () => {
  it('a message that is nested too deep is an error of its operation, and writes nothing', async () => {
    const server = await startServer();
    const socket = await connect(server);
    const deep = `${'['.repeat(9000)}${']'.repeat(9000)}`;
    const variables = '{"input":{"key":"deep","value":750727362669608961}}';
    socket.send(
      `{"type":"subscribe","id":"1","payload":{"query":${JSON.stringify(INSERT)},"variables":${variables},"extensions":{"x":${deep}}}}`,
    );
    const payload = [{ message: 'the message is nested too deep', extensions: { code: 'BAD_USER_INPUT' } }];
    expect(await socket.next()).toEqual({ type: 'error', id: '1', payload });
    expect(server.map.get('deep')).toBeUndefined();
  });
});

describe('an id that is in use', () => {
  it.each(['items { key }', 'itemChanges { upserted { key } }'])(
    'an id of an open `%s` closes the socket with 4409',
    async (field) => {
      const server = await startServer();
      const socket = await connect(server);
      const query = `subscription { ${field} }`;
      socket.send(subscribeMessage('1', query));
      socket.send(subscribeMessage('1', query));
      expect(await socket.closed).toEqual({ code: 4409, reason: 'Subscriber for 1 already exists' });
    },
  );

  it('an id counts once towards maxSubscriptions, no matter how often it was used (TOO_MANY_SUBSCRIPTIONS)', async () => {
    const server = await startServer({ maxSubscriptions: 2 });
    await server.map.insert({ key: '0', value: 0 });
    const socket = await WireSocket.open(server);
    const subscribeAs = (id: string) => subscribeMessage(id, 'subscription { items { key } }');
    socket.send(subscribeAs('1'));
    for (let round = 0; round < 20; round++) socket.send({ type: 'complete', id: '1' }, subscribeAs('1'));
    socket.send(subscribeAs('2'));
    await socket.until(() => socket.of('2').length > 0);
    expect(socket.of('2')).toMatchObject([{ type: 'next' }]);
    socket.send(subscribeAs('3'));
    await socket.until(() => socket.of('3').length > 0);
    expect(socket.of('3')).toMatchObject([
      { type: 'error', payload: [{ extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' } }] },
    ]);
    expect(socket.of('1').every(({ type }) => type === 'next')).toBe(true);
    expect(server.map.subscriptions).toBe(2);
  });
});
