import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  type Command,
  decodeCommand,
  encodeCommand,
  type Insertion,
  PoisonError,
} from '../../../src/core/model/command.ts';
import type { Cursor } from '../../../src/core/model/position.ts';

const BOUNDS = { maxItems: 1, maxBytes: 2 ** 40, window: 3 };
const CURSOR = '0testepoch00-11-0000000' as Cursor;
const ID = '0123456789abcdef-z';

/** An insertion as the library makes it. */
function insertion(key: string, value: unknown, options: Partial<Insertion> = {}): Insertion {
  const json = JSON.stringify(value);
  return { key, json, bytes: Buffer.byteLength(key) + Buffer.byteLength(json), ...options };
}

function encode(command: Command, id = ID): Uint8Array {
  return encodeCommand(id, command);
}

/** A frame around any body, with the right CRC. */
function frameOf(body: string | Uint8Array, format = 1): Uint8Array {
  const head = Uint8Array.of(0x53, 0x4c, format, 1, 0x69);
  const text = typeof body === 'string' ? Buffer.from(body) : body;
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(text, crc32(head)));
  return Buffer.concat([head, crc, text]);
}

it.each(['a', 'with "quotes"', 'a\\b', 'a\nb', 'ünï·cødé 🦭', 'x'.repeat(500)])(
  'an insertion with nothing but the key %j is encoded as JSON.stringify writes it',
  (key) => {
    const insertion = { key, json: '1', bytes: key.length + 1 };
    const text = Buffer.from(
      encodeCommand('id', { kind: 'insert', insertions: [insertion, { ...insertion, ttl: 5 }] }),
    );
    const line = JSON.stringify({ kind: 'insert', insertions: [{ key }, { key, ttl: 5 }] });
    expect(text.subarray('SL??id????'.length).toString()).toBe(`${line}\n1\n1`);
  },
);

describe('a command', () => {
  it.each<[string, Command]>([
    ['that creates a log', { kind: 'found', bounds: BOUNDS }],
    ['of bounds', { kind: 'bounds', bounds: BOUNDS }],
    ['that is a tick', { kind: 'tick' }],
    ['that removes', { kind: 'remove', removal: { key: 'a' } }],
    ['that removes a key with a line end', { kind: 'remove', removal: { key: 'a\nb\u2028' } }],
    [
      'that removes on conditions',
      { kind: 'remove', removal: { key: 'a', ifCursor: CURSOR, idempotency: { key: 'once', payload: 'p' } } },
    ],
    ['that inserts', { kind: 'insert', insertions: [insertion('a', 1)] }],
    [
      'that inserts on conditions',
      {
        kind: 'insert',
        insertions: [
          insertion('a', 1, { ttl: 5, ifAbsent: true, ifCursor: CURSOR, idempotency: { key: 'é', payload: 'p' } }),
          insertion('b', [], {}),
        ],
      },
    ],
  ])('a command %s is decoded from its frame unchanged', (_, command) => {
    const decoded = decodeCommand(encode(command));
    expect(decoded).toMatchObject({ id: ID });
    // JSON drops undefined members.
    expect(JSON.parse(JSON.stringify(decoded?.command))).toEqual(JSON.parse(JSON.stringify(command)));
  });

  it.each<[string, unknown]>([
    ['line ends', 'a\nb\r\n\n'],
    ['line ends in keys', { 'a\nb': ['\n'] }],
    ['line separators', '\u2028\u2029\u0085'],
    ['Unicode', 'é€😀\u{10ffff}\ufeff'],
    ['a byte order mark first', '\ufeff'],
    ['lone surrogates', '\ud83d'],
    ['control characters', '\0\b\x1b\x7f'],
    ['false', false],
    ['0', 0],
    ['the empty string', ''],
    ['the empty array', []],
    ['the empty object', {}],
    ['nested nulls', [null, { a: null }]],
    ['numbers', [-0.5, 1e300, 2 ** 53, 5e-324]],
    ['a key __proto__', JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":0}}')],
    ['many levels', JSON.parse(`${'['.repeat(64)}${']'.repeat(64)}`)],
  ])('a command keeps the values of its insertions: %s', (_, value) => {
    const command = decodeCommand(
      encode({ kind: 'insert', insertions: [insertion('a', value), insertion('b', 'after')] }),
    )?.command;
    if (command?.kind !== 'insert') throw new Error('no insertion');
    expect(command.insertions.map(({ json }) => json)).toEqual([JSON.stringify(value), '"after"']);
    expect(command.insertions[0]!.bytes).toBe(1 + Buffer.byteLength(JSON.stringify(value)));
  });

  it('a decoded insertion counts the bytes of key and value in UTF-8', () => {
    const command = decodeCommand(
      encode({ kind: 'insert', insertions: [insertion('__proto__', 'é'), insertion('€', 1)] }),
    )?.command;
    if (command?.kind !== 'insert') throw new Error('no insertion');
    expect(command.insertions.map(({ key, bytes }) => [key, bytes])).toEqual([
      ['__proto__', 13],
      ['€', 4],
    ]);
  });

  it('a frame is decoded from any offset of a larger buffer', () => {
    const frame = encode({ kind: 'insert', insertions: [insertion('a', 'v')] });
    const buffer = new Uint8Array(frame.length + 20).fill(10);
    buffer.set(frame, 7);
    expect(decodeCommand(buffer.subarray(7, 7 + frame.length))).toEqual(decodeCommand(frame));
  });

  it('the CRC of a command depends on the whole frame', () => {
    const crcs = [
      encode({ kind: 'tick' }),
      encode({ kind: 'tick' }, 'other'),
      encode({ kind: 'insert', insertions: [insertion('a', 1)] }),
      encode({ kind: 'insert', insertions: [insertion('a', 2)] }),
      encode({ kind: 'insert', insertions: [insertion('a', 1, { ttl: 1 })] }),
    ].map((frame) => decodeCommand(frame)?.crc);
    expect(new Set(crcs).size).toBe(crcs.length);
  });
});

describe('a frame', () => {
  it('the frame of a command has the same bytes in every version', () =>
    expect(Buffer.from(encode({ kind: 'tick' }, 'i')).toString('hex')).toBe(
      '534c010169262e95f47b226b696e64223a227469636b227d',
    ));
});

describe('a foreign entry', () => {
  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['one byte', Uint8Array.of(0x53)],
    ['text', Buffer.from('hello')],
    ['JSON', Buffer.from('{"kind":"tick"}')],
    ['a frame but for its first byte', encode({ kind: 'tick' }).subarray(1)],
    ['a frame but for a bit of its magic', encode({ kind: 'tick' }).map((byte, at) => (at === 1 ? byte ^ 1 : byte))],
  ])('a foreign entry decodes to undefined: %s', (_, bytes) => expect(decodeCommand(bytes)).toBeUndefined());
});

describe('poison', () => {
  const frame = encode({
    kind: 'insert',
    insertions: [insertion('key', { text: 'é\n€' }, { ttl: 3 }), insertion('b', 1)],
  });

  it('a frame with any bit flipped after the magic is poison', () => {
    for (let bit = 16; bit < frame.length * 8; bit++) {
      const damaged = frame.slice();
      // `bit` is inside the frame.
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decodeCommand(damaged)).toThrow(PoisonError);
    }
  });

  it('a frame truncated anywhere after the magic is poison', () => {
    for (let length = 2; length < frame.length; length++)
      expect(() => decodeCommand(frame.subarray(0, length))).toThrow(PoisonError);
  });

  it('a frame with trailing bytes is poison', () =>
    expect(() => decodeCommand(Buffer.concat([frame, Buffer.from('\n')]))).toThrow(PoisonError));

  it('a frame built by this test is decoded', () =>
    expect(decodeCommand(frameOf('{"kind":"tick"}'))).toMatchObject({ id: 'i', command: { kind: 'tick' } }));

  it.each<[string, Uint8Array]>([
    ['another format', frameOf('{"kind":"tick"}', 2)],
    ['format 0', frameOf('{"kind":"tick"}', 0)],
    ['no body', frameOf('')],
    ['a body that is no JSON', frameOf('tick')],
    ['a body that is no object', frameOf('null')],
    ['a kind that this version does not know', frameOf('{"kind":"rename"}')],
    ['no kind', frameOf('{}')],
    ['a value too few', frameOf('{"kind":"insert","insertions":[{"key":"a"},{"key":"b"}]}\n1')],
    ['a value that is no JSON', frameOf('{"kind":"insert","insertions":[{"key":"a"}]}\nnonsense')],
    ['no insertions', frameOf('{"kind":"insert"}')],
    ['bytes that are no UTF-8', frameOf(Uint8Array.of(0x22, 0xff, 0x22))],
  ])('a frame is poison when it has %s', (_, bytes) => expect(() => decodeCommand(bytes)).toThrow(PoisonError));
});
