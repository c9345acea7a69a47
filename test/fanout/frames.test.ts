import { describe, expect, it } from 'vitest';
import { encode, textFrame } from '../../src/fanout/frames.ts';
import { framesIn } from '../support/fuzz/frames.ts';
import { subscribeMessage } from '../support/sockets/raw-sockets.ts';
import { webSocket } from '../support/clients/readers.ts';
import { startServer } from '../support/server/server.ts';
import { WireSocket } from '../support/sockets/wire-socket.ts';

describe('a frame of the server (RFC 6455, section 5.2)', () => {
  it.each([0, 1, 125, 126, 127, 255, 256, 65_535, 65_536, 65_537, 1_000_000])(
    'a frame of %i bytes has its head',
    (length) => {
      const bytes = Buffer.from(textFrame(length) + 'x'.repeat(length), 'latin1');
      const frames = [...framesIn(bytes)];
      expect(frames.map(({ opcode, payload }) => [opcode, payload.length])).toEqual([[1, length]]);
      // Final, no reserved bits, unmasked, and of the lengths' forms the shortest.
      expect(bytes[0]).toBe(0x81);
      expect(bytes.length - length).toBe(length < 126 ? 2 : length < 65_536 ? 4 : 10);
    },
  );

  it('a frame’s head has a length beyond 32 bits', () => {
    const head = Buffer.from(textFrame(2 ** 40 + 3), 'latin1');
    expect(head.readBigUInt64BE(2)).toBe(2n ** 40n + 3n);
  });
});

it.each(['', 'plain', '\u007f', '\u0080', 'ÿ', 'Ā', '日本', '😀', '\u2028', '\0'])(
  '%j is UTF-8 on the wire',
  (text) => {
    expect(Buffer.from(encode(text), 'latin1').toString('utf8')).toBe(text);
    expect(encode(text)).toHaveLength(Buffer.byteLength(text));
  },
);

/** Results of every length around those where a frame's head changes. */
const lengths = [...Array.from({ length: 100 }, (_, n) => n), ...Array.from({ length: 100 }, (_, n) => 65_420 + n)];

it.each([
  ['ASCII', 'x', {}],
  ['ASCII, with cursors', 'x', { cursors: true }],
  ['ASCII, with cursors and what is left', 'x', { cursors: true, left: true, limit: 1000 }],
  ['two bytes a character', 'é', {}],
])('results of every length around a frame’s limits arrive: %s', async (_name, character, extensions) => {
  const server = await startServer({ maxBatchBytes: 2 ** 24 });
  const inputs = lengths.map((length) => ({
    key: `k${length}`,
    value: character.repeat(Math.floor(length / Buffer.byteLength(character))),
  }));
  await server.map.insertMany(inputs);
  const query = 'subscription { items { key value } }';
  // A stock client would close at the first wrong one; this one shows each.
  const reader = webSocket.read(server, { query, extensions });
  const socket = await WireSocket.open(server);
  socket.send(subscribeMessage('😀', query, { extensions }));
  await reader.reaches(lengths.length);
  await socket.until(({ messages }) => messages.length >= lengths.length);
  expect(reader.results.map(({ data }) => data?.['items'])).toEqual(inputs);
  expect(socket.messages.map(({ id, payload }) => [id, (payload as { data: { items: unknown } }).data.items])).toEqual(
    inputs.map((input) => ['😀', input]),
  );
});
