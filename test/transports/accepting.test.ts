import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { DeliveryScheduler, DeliverySlot } from '../../src/core/subscriptions/scheduler.ts';
import { Accepting } from '../../src/transports/protocol/accepting.ts';
import { Turns } from '../../src/transports/protocol/turns.ts';
import { startServer } from '../support/server/server.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('one of 33 turns that each bring a connection has work', () => {
  const accepting = new Accepting();
  const busy = Array.from({ length: 66 }, () => (accepting.came(), accepting.isBusy));
  expect(busy.flatMap((isBusy, turn) => (isBusy ? [] : [turn]))).toEqual([32, 65]);
});

it('a turn without a connection is not busy', async () => {
  const accepting = new Accepting();
  expect(accepting.isBusy).toBe(false);
  accepting.came();
  expect(accepting.isBusy).toBe(true);
  await nextTurn();
  expect(accepting.isBusy).toBe(false);
});

it('operations that come while connections are accepted begin when these have been accepted', async () => {
  const accepting = { isBusy: true };
  const turns = new Turns(() => 0, undefined, accepting);
  const begun: number[] = [];
  for (const n of [0, 1, 2]) turns.soon({}, () => begun.push(n));
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  expect(begun).toEqual([]);
  accepting.isBusy = false;
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  expect(begun).toEqual([0, 1, 2]);
});

it('operations that wait begin after the connections that come in the next turns', async () => {
  let now = 0;
  const accepting = { isBusy: false };
  const turns = new Turns(() => now, 1, accepting);
  const begun: number[] = [];
  for (const n of [0, 1]) turns.soon({}, () => (begun.push(n), (now += 6)));
  accepting.isBusy = true;
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  expect(begun).toEqual([0]);
  accepting.isBusy = false;
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  expect(begun).toEqual([0, 1]);
});

it('replays deliver what one turn allows, and the rest after the connections that are being accepted', async () => {
  let isBusy = false;
  const scheduler = new DeliveryScheduler();
  scheduler.holdWhile(() => isBusy);
  const begun: number[] = [];
  // Longer than a turn allows.
  const deliver = (n: number): void => {
    begun.push(n);
    isBusy = true;
    for (const due = performance.now() + 4; performance.now() < due;);
  };
  for (const n of [0, 1]) new DeliverySlot(scheduler).ask(false, 0, () => deliver(n));
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  expect(begun).toEqual([0]);
  isBusy = false;
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  expect(begun).toEqual([0, 1]);
});

it('operations of a server wait while connections are accepted, and /health is answered meanwhile', async () => {
  const server = await startServer();
  const came = vi.spyOn(Accepting.prototype, 'came');
  const isBusy = vi.spyOn(Accepting.prototype, 'isBusy', 'get').mockReturnValue(true);
  onTestFinished(() => void vi.restoreAllMocks());
  const query = encodeURIComponent('{ stream { size } }');
  let isAnswered = false;
  const answer = fetch(`${server.url}?query=${query}`).finally(() => (isAnswered = true));
  const health = new URL('/health', server.url);
  for (let n = 0; n < 200; n++) expect(await (await fetch(health)).text()).toBe('ok\n');
  expect(isAnswered).toBe(false);
  expect(came).toHaveBeenCalled();
  isBusy.mockReturnValue(false);
  expect(await (await answer).json()).toEqual({ data: { stream: { size: 0 } } });
});

it('a connection that is dropped because the server is full counts as accepted', async () => {
  const server = await startServer({ maxConnections: 1 });
  const came = vi.spyOn(Accepting.prototype, 'came');
  onTestFinished(() => came.mockRestore());
  const { port, hostname } = new URL(server.url);
  const sockets = Array.from({ length: 1005 }, () => connect({ port: Number(port), host: hostname }));
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  await expect.poll(() => came.mock.calls.length).toBe(1005);
});
