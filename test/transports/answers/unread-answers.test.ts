import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Turns } from '../../../src/transports/protocol/turns.ts';
import { type AnswerLimits, UnreadAnswers } from '../../../src/transports/answers/unread-answers.ts';

const KIB = 1024;
const OVERLOADED = expect.objectContaining({ extensions: expect.objectContaining({ code: 'OVERLOADED' }) as unknown });

/** By default connections are looked at once an hour. */
function ledger(limits: Partial<AnswerLimits> = {}, lookEveryMs = 3_600_000): UnreadAnswers {
  const answers = new UnreadAnswers(
    new Turns(),
    { total: 100 * KIB, reserve: 10 * KIB, small: 4 * KIB, perConnection: 8 * KIB, ...limits },
    lookEveryMs,
  );
  onTestFinished(() => answers.stop());
  return answers;
}

/** The server's end of a connection whose client reads nothing. */
async function unreadSocket(): Promise<Socket> {
  const server = createServer({ noDelay: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = connect(port);
  const [socket] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => void (client.destroy(), socket.destroy(), server.close()));
  socket.on('error', () => {});
  return socket;
}

const share = async (answers: UnreadAnswers, requestBytes = 0) =>
  answers.accountOf(await unreadSocket()).open(requestBytes);

it('an answer beyond the total is refused, and gives back what it had taken', async () => {
  const answers = ledger();
  const [first, second] = [await share(answers), await share(answers)];
  first.take(60 * KIB);
  second.take(20 * KIB);
  expect(() => second.take(20 * KIB)).toThrow(OVERLOADED);
  expect(answers.bytes).toBe(60 * KIB);
  expect(() => second.take(1)).toThrow(OVERLOADED);
});

it('the reserve is for connections with little to read', async () => {
  const answers = ledger();
  const [large, small] = [await share(answers), await share(answers)];
  large.take(90 * KIB);
  small.take(4 * KIB);
  expect(() => small.take(1)).toThrow(OVERLOADED);
  for (const each of [await share(answers), await share(answers)]) each.take(4 * KIB);
  expect(answers.bytes).toBe(98 * KIB);
  const last = await share(answers);
  expect(() => last.take(4 * KIB)).toThrow(OVERLOADED);
});

it('an answer that is bound takes what it needs', async () => {
  const answers = ledger();
  const bound = await share(answers);
  bound.bind();
  bound.take(500 * KIB);
  expect(answers.bytes).toBe(500 * KIB);
  bound.close();
  expect(answers.bytes).toBe(0);
});

it('queries of one connection are let in one at a time, and none while more than its bound is unread', async () => {
  const answers = ledger();
  const account = answers.accountOf(await unreadSocket());
  const shares = [account.open(0), account.open(0), account.open(0)] as const;
  const entered: number[] = [];
  const all = shares.map(async (each, n) => {
    await each.enter();
    entered.push(n);
  });
  await all[0];
  shares[0].take(9 * KIB);
  shares[0].executed();
  await Promise.resolve();
  expect(entered).toEqual([0]);
  shares[0].close();
  await all[1];
  shares[1].take(8 * KIB);
  expect(entered).toEqual([0, 1]);
  shares[1].executed();
  await all[2];
});

it('mutations of one connection are let in together until they would take more than its bound', async () => {
  const answers = ledger();
  const account = answers.accountOf(await unreadSocket());
  const shares = Array.from({ length: 5 }, () => account.open(0));
  const admitted = shares.map((each) => each.admit(3 * KIB));
  expect(admitted.map((promise) => promise === undefined)).toEqual([true, true, true, false, false]);
  shares[0]?.close();
  await admitted[3];
  expect(account.held).toBe(9 * KIB);
  shares[1]?.close();
  await admitted[4];
});

it('an operation that waits is given up when its client completes it or leaves', async () => {
  const answers = ledger();
  const socket = await unreadSocket();
  const account = answers.accountOf(socket);
  account.open(0).take(9 * KIB);
  const [completed, left] = [account.open(0), account.open(0)];
  const [first, second] = [completed.enter(), Promise.resolve(left.admit(1))];
  completed.cancel();
  await expect(first).rejects.toThrow('the client left');
  socket.destroy();
  await expect(second).rejects.toThrow('the client left');
  expect(answers.bytes).toBe(0);
  left.take(KIB);
  expect(answers.bytes).toBe(0);
});

it('a share that is closed never lets the others wait for it', async () => {
  const answers = ledger();
  const account = answers.accountOf(await unreadSocket());
  const [closed, closing, other] = [account.open(0), account.open(0), account.open(0)];
  closed.close();
  await expect(closed.enter()).rejects.toThrow('the client left');
  const entering = closing.enter();
  closing.close();
  await expect(entering).rejects.toThrow('the client left');
  await expect(other.enter()).resolves.toBeUndefined();
});

it('no more requests are read while the ones that wait take too much', async () => {
  const answers = ledger();
  const socket = await unreadSocket();
  const account = answers.accountOf(socket);
  const seen: string[] = [];
  account.pausedBy({ pause: () => seen.push('pause'), resume: () => seen.push('resume') });
  const first = account.open(0);
  first.take(9 * KIB);
  const waiting = Array.from({ length: 5 }, () => account.open(100 * KIB));
  const entered = waiting.map((each) => each.enter());
  expect(seen).toEqual(['pause']);
  first.close();
  for (const [n, each] of waiting.entries()) {
    await entered[n];
    each.close();
  }
  expect(seen).toEqual(['pause', 'resume']);
});

it('while answers are refused, a connection that reads nothing is cut', async () => {
  const answers = ledger({ patienceMs: 0 }, 10);
  const [socket, other] = [await unreadSocket(), await unreadSocket()];
  answers
    .accountOf(socket)
    .open(0)
    .take(60 * KIB);
  answers
    .accountOf(other)
    .open(0)
    .take(20 * KIB);
  // More than the kernel takes.
  socket.write(Buffer.alloc(64 * KIB * KIB));
  const closed = once(socket, 'close');
  const refused = await share(answers);
  expect(() => refused.take(60 * KIB)).toThrow(OVERLOADED);
  await closed;
  expect(answers.bytes).toBe(20 * KIB);
  expect(other.destroyed).toBe(false);
});

it('beyond the total, connections with the most results of subscriptions are cut at once', async () => {
  const answers = ledger();
  const sockets = [await unreadSocket(), await unreadSocket(), await unreadSocket()] as const;
  const [most, more, least] = sockets;
  answers.accountOf(most).meter()(60 * KIB);
  answers.accountOf(least).meter()(40 * KIB);
  const query = answers.accountOf(await unreadSocket()).open(0);
  answers.accountOf(more).meter()(55 * KIB);
  await once(most, 'close');
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
  query.bind();
  query.take(200 * KIB);
  answers.accountOf(least).meter()(1);
  await Promise.all([once(more, 'close'), once(least, 'close')]);
  expect(answers.bytes).toBe(200 * KIB);
});
