import { EventEmitter } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { UnreadAnswers } from '../../../src/transports/answers/unread-answers.ts';
import { Turns } from '../../../src/transports/protocol/turns.ts';
import { Connection } from '../../../src/transports/websocket/connection.ts';

it('pings that come while the end of a large answer waits for its turn are answered, although the socket was never full', async () => {
  const written: string[] = [];
  const tcp = Object.assign(new EventEmitter(), {
    writableNeedDrain: false,
    writableLength: 0,
    write: (text: string) => (written.push(text), true),
  });
  const socket = Object.assign(new EventEmitter(), { OPEN: 1, readyState: 1, pong: vi.fn<(data: Buffer) => void>() });
  const turns = new Turns();
  const answers = new UnreadAnswers(turns);
  onTestFinished(() => answers.stop());
  const account = answers.accountOf(tcp as never);
  const connection = new Connection(socket as never, { socket: tcp } as never, { account } as never);
  const share = account.open(0);
  share.take(1024 * 1024);
  // Others have begun as much as begins at once.
  for (let n = 0; n < 8; n++) turns.soon({}, () => {});
  const sent = connection.sendNext(connection.ids.open('a'), { data: { text: 'x'.repeat(100_000) } }, share);
  expect(connection.outlet.isSendingLong).toBe(true);
  connection.pong(Buffer.from('ping'));
  connection.onPing();
  await sent;
  await vi.waitUntil(() => written.at(-1)?.endsWith('{"type":"pong"}'));
  expect(socket.pong).toHaveBeenCalledExactlyOnceWith(Buffer.from('ping'));
});
