/** WebSocket connections byte by byte (RFC 6455), and messages of graphql-transport-ws that no client would send. */
import type { Dice } from '../random/dice.ts';
import {
  frame as plainFrame,
  type FrameOptions,
  requestOf,
  UPGRADE as UPGRADE_LINES,
} from '../sockets/client-bytes.ts';
import { STRINGS } from './corpus.ts';
import { mutated, mutatedBytes, oddJson } from './mutations.ts';
import { operationJson } from './operations.ts';

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10] as const;

const MASK = Buffer.from([1, 2, 3, 4]);

const frame = (opcode: number, payload: Buffer | string, options: FrameOptions = {}): Buffer =>
  plainFrame(opcode, payload, { mask: MASK, ...options });

export const text = (message: string): Buffer => frame(TEXT, message);

export const INIT = text('{"type":"connection_init"}');
export const BYE = frame(CLOSE, Buffer.from([3, 232]));
/** Everything that was sent before it has been read when this is answered. */
export const FENCE = text('{"type":"subscribe","id":"fence","payload":{"query":"{ stream { size } }"}}');

export const UPGRADE = Buffer.from(requestOf(UPGRADE_LINES));

/** One line of it is wrong, missing, or there twice. */
export function mutatedUpgrade(dice: Dice): Buffer {
  const lines = [...UPGRADE_LINES];
  const at = 1 + dice.below(lines.length - 1);
  const line = lines[at] ?? '';
  const bad = [[], [line, line], [mutated(dice, line, 2).replaceAll(/[^ -~]/g, '')], [`${line}, x`]];
  lines.splice(at, 1, ...dice.pick(bad));
  return Buffer.from(requestOf(lines));
}

/** The server's bytes after its answer to the upgrade. */
export function* framesIn(bytes: Buffer): Generator<{ opcode: number; payload: Buffer }> {
  for (let at = 0; at + 2 <= bytes.length;) {
    const opcode = bytes.readUInt8(at) & 15;
    const code = bytes.readUInt8(at + 1) & 127;
    const from = at + (code < 126 ? 2 : code === 126 ? 4 : 10);
    if (from > bytes.length) return;
    const length =
      code < 126 ? code : code === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    at = from + length;
    if (at <= bytes.length) yield { opcode, payload: bytes.subarray(from, at) };
  }
}

const fragmented = (dice: Dice, message: Buffer): Buffer => {
  const pieces: Buffer[] = [];
  for (let at = 0; at < message.length || pieces.length === 0;) {
    const to = Math.min(message.length, at + dice.below(20));
    const options = { isFinal: to === message.length };
    pieces.push(frame(pieces.length === 0 ? TEXT : CONTINUATION, message.subarray(at, to), options));
    if (dice.once(4)) pieces.push(frame(PING, 'between'));
    at = to;
  }
  return Buffer.concat(pieces);
};

/** Odd, but allowed: the socket stays open. */
const harmless: readonly ((dice: Dice, cursors: readonly string[]) => Buffer)[] = [
  (dice) => text(`{"type":"complete","id":${JSON.stringify(`${dice.pick(STRINGS)}x`)}}`),
  (dice) => text(`{"type":"ping","payload":{"a":${oddJson(dice)}}}`),
  (dice) => text(`{"type":"pong","payload":{"__proto__":${oddJson(dice)}},"id":${oddJson(dice)}}`),
  (dice) => frame(PING, Buffer.alloc(dice.below(126), dice.below(256))),
  (dice) => frame(PONG, Buffer.alloc(dice.below(126), 255)),
  () => frame(BINARY, '{"type":"ping"}'),
  (dice) => fragmented(dice, Buffer.from(` {"type":"ping","payload":{"a":"${'💥'.repeat(dice.below(9))}"}}`)),
  (dice, cursors) => subscribe(`s${dice.below(1e9)}`, operationJson(dice, cursors)),
  (dice, cursors) => {
    // Gone before it is there.
    const id = `s${dice.below(1e9)}`;
    return Buffer.concat([subscribe(id, operationJson(dice, cursors)), text(`{"type":"complete","id":"${id}"}`)]);
  },
];

const subscribe = (id: string, payload: string): Buffer =>
  text(`{"type":"subscribe","id":${JSON.stringify(id)},"payload":${payload}}`);

/** Most of these close the socket. What follows them is still read as frames. */
const malformed: readonly ((dice: Dice, cursors: readonly string[]) => Buffer)[] = [
  (dice) => text(oddJson(dice)),
  (dice) => text(mutated(dice, '{"type":"subscribe","id":"1","payload":{"query":"{ stream { size } }"}}')),
  (dice) => text(`{"type":${oddJson(dice)},"id":"1","payload":{"query":"{ stream { size } }"}}`),
  (dice) => text(`{"type":"subscribe","id":${oddJson(dice)},"payload":{"query":"{ stream { size } }"}}`),
  (dice) => text(`{"type":"subscribe","id":"1","payload":${oddJson(dice)}}`),
  (dice) => text(`{"type":"subscribe","id":"1","payload":{"query":${oddJson(dice)}}}`),
  (dice) => {
    const member = dice.pick(['variables', 'extensions', 'operationName', '__proto__', 'constructor']);
    return subscribe('1', `{"query":"{ stream { size } }","${member}":${oddJson(dice)}}`);
  },
  (dice) => text(`{"type":"${dice.pick(['next', 'error', 'connection_ack'])}","id":"1","payload":${oddJson(dice)}}`),
  (dice) => text(`{"type":"${dice.pick(['complete', 'ping', 'pong'])}","id":${oddJson(dice)},"payload":7}`),
  (dice) => Buffer.concat([INIT, text(`{"type":"connection_init","payload":${oddJson(dice)}}`)]),
  (dice, cursors) => {
    // Twice, also while the first is on its way out; an id may be longer than the reason of a close frame.
    const id = dice.once(4) ? 'long'.repeat(1 + dice.below(100)) : 'twice';
    const [one, two] = [operationJson(dice, cursors), operationJson(dice, cursors)];
    const between = dice.once(2) ? [text(`{"type":"complete","id":"${id}"}`)] : [];
    return Buffer.concat([subscribe(id, one), ...between, subscribe(id, two), ...between]);
  },
  (dice, cursors) => frame(BINARY, mutatedBytes(dice, Buffer.from(operationJson(dice, cursors)))),
  (dice) => frame(TEXT, Buffer.from(dice.pick([[255], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80], [0xe2, 0x82]]))),
  (dice) => frame(dice.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), '{"type":"ping"}'),
  (dice) => frame(dice.pick([TEXT, PING, CLOSE]), '{"type":"ping"}', { reserved: 1 + dice.below(7) }),
  (dice) => frame(dice.pick([TEXT, PING, CLOSE]), '{"type":"ping"}', { mask: null }),
  (dice) => frame(dice.pick([PING, PONG, CLOSE]), Buffer.alloc(126 + dice.below(100))),
  (dice) => frame(dice.pick([PING, PONG, CLOSE]), 'part', { isFinal: false }),
  (dice) => frame(CONTINUATION, 'of nothing', { isFinal: dice.once(2) }),
  () => Buffer.concat([frame(TEXT, '{"type":', { isFinal: false }), text('"ping"}')]),
  (dice) =>
    frame(CLOSE, dice.pick([[0], [0, 0], [3, 237], [3, 238], [19, 136], [255, 255], [3, 232, 255, 254]]) as never),
  (dice) =>
    frame(TEXT, 'x', { claimedLength: dice.pick([2n ** 20n + 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) }),
];

/** Parts of frames: the server can't understand anything after them. */
const broken: readonly ((dice: Dice, cursors: readonly string[]) => Buffer)[] = [
  (dice) => Buffer.from(Array.from({ length: dice.below(200) }, () => dice.below(256))),
  (dice, cursors) => mutatedBytes(dice, subscribe('1', operationJson(dice, cursors))),
  (dice, cursors) => subscribe('1', operationJson(dice, cursors)).subarray(0, 1 + dice.below(40)),
  (dice) => frame(TEXT, 'x'.repeat(dice.below(100)), { claimedLength: BigInt(100 + dice.below(100_000)) }),
  (dice) => Buffer.from(mutated(dice, 'GET /graphql HTTP/1.1\r\n\r\n')),
];

export interface FrameCases {
  readonly count: number;
  readonly bytes: Buffer;
  /** Whether what follows these can still be understood. */
  readonly isBroken: boolean;
}

/** Cases for one connection: the first harmful one is the last, because the server need not read any further. */
export function frameCases(dice: Dice, cursors: readonly string[]): FrameCases {
  const first = Array.from({ length: dice.below(4) }, () => dice.pick(harmless)(dice, cursors));
  const isBroken = dice.once(4);
  const last = dice.pick(isBroken ? broken : malformed)(dice, cursors);
  return { count: first.length + 1, bytes: Buffer.concat([...first, last]), isBroken };
}
