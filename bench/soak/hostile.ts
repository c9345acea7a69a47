/** Opens a few hostile connections per second. None of them writes, so that the ledger of the writers stays complete. */
import { connect, type Socket } from 'node:net';
import { Dice } from '../../test/support/random/dice.ts';
import { INIT, text, UPGRADE } from '../../test/support/fuzz/frames.ts';
import { frame } from '../../test/support/sockets/client-bytes.ts';

const EVERY_MS = 200;
const MAX_OPEN = 200;
const LASTS_MS = 3000;

const post = (body: string, length = Buffer.byteLength(body)): Buffer =>
  Buffer.from(
    `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
  );
const subscribe = (id: string, query: string): Buffer =>
  text(JSON.stringify({ type: 'subscribe', id, payload: { query } }));
const upgraded = (...frames: readonly Buffer[]): Buffer => Buffer.concat([UPGRADE, ...frames]);
const noise = (dice: Dice, length: number): Buffer =>
  Buffer.from(Array.from({ length: dice.below(length) }, () => dice.below(256)));
const aliases = (count: number): string =>
  `{ ${Array.from({ length: count }, (_, n) => `a${n}: stream { size checksum }`).join(' ')} }`;

const ATTACKS: readonly ((dice: Dice) => Buffer)[] = [
  (dice) => noise(dice, 2000),
  (dice) => upgraded(noise(dice, 2000)),
  (dice) => upgraded(INIT, noise(dice, 500)),
  // Messages in the wrong order: before `connection_init`, or a second one.
  () => upgraded(subscribe('1', 'subscription { items { key } }')),
  () => upgraded(INIT, INIT),
  () => upgraded(INIT, text('{"type":"next","id":"1","payload":{}}')),
  () =>
    upgraded(INIT, subscribe('1', 'subscription { items { key } }'), subscribe('1', 'subscription { items { key } }')),
  () => upgraded(text('{"type":"connection_ack"}')),
  // Incomplete messages that keep the server waiting.
  () => Buffer.from('POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Le'),
  () => post('{"query":"{ stream', 5000),
  () => UPGRADE.subarray(0, 60),
  () => upgraded(INIT, subscribe('1', 'subscription { items { key } }').subarray(0, 20)),
  () => upgraded(),
  // Messages that are too large.
  () => upgraded(INIT, frame(1, '{"type":"ping","payload":{', { claimedLength: 2n ** 40n })),
  () => upgraded(INIT, text(`{"type":"ping","payload":{"a":"${'x'.repeat(1_100_000)}"}}`)),
  () => post(JSON.stringify({ query: `{ stream { size } } # ${'x'.repeat(1_100_000)}` })),
  (dice) => post(JSON.stringify({ query: aliases(100 + dice.below(2000)) })),
  (dice) => upgraded(INIT, subscribe('1', aliases(100 + dice.below(2000)))),
  () => post(JSON.stringify({ query: '{ a'.repeat(5000) })),
  () => post(`{"query":"{ stream { size } }","variables":${'['.repeat(50_000)}`),
  // More subscriptions than one connection may have.
  () =>
    upgraded(
      INIT,
      ...Array.from({ length: 120 }, (_, n) => subscribe(`s${n}`, 'subscription { items(limit: 1) { key } }')),
    ),
  // Subscribes and leaves at once.
  () => upgraded(INIT, subscribe('1', 'subscription { items { key value } }'), text('{"type":"complete","id":"1"}')),
  (dice) => upgraded(INIT, frame(dice.pick([3, 11, 15]), 'x'), frame(1, Buffer.from([0xff, 0xfe]))),
];

export class Hostility {
  readonly #open = new Set<Socket>();
  readonly #timer: ReturnType<typeof setInterval>;
  count = 0;

  constructor(port: number, seed: number) {
    const dice = new Dice(seed);
    this.#timer = setInterval(() => {
      if (this.#open.size >= MAX_OPEN) return;
      this.count++;
      const socket = connect({ port, host: '127.0.0.1' });
      this.#open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.#open.delete(socket));
      socket.write(dice.pick(ATTACKS)(dice));
      // Half of the connections never read an answer.
      if (dice.once(2)) socket.resume();
      setTimeout(() => socket.destroy(), dice.below(LASTS_MS)).unref();
    }, EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const socket of this.#open) socket.destroy();
  }
}
