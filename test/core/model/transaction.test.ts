import { describe, expect, it } from 'vitest';
import { type Command, decodeCommand, encodeCommand, frameOf, PoisonError } from '../../../src/core/model/command.ts';
import { transactionBody } from '../../support/model/transactions.ts';

const ID = '6f9c0e3a-2f5b-4a51-9f0e-3a1f0f0b7c55';

const decoded = (body: string): Command | undefined => decodeCommand(frameOf(ID, body))?.command;

describe('a transaction', () => {
  const body = transactionBody([
    { key: 'a', value: { text: 'é\n€' }, ttl: 3 },
    { key: 'b\n"\u2028', removed: true },
    { key: 'a', value: 1 },
    { key: 'a', removed: true },
    { key: '__proto__', value: [] },
  ]);
  const command: Command = {
    kind: 'transaction',
    changes: [
      { key: 'a', json: '{"text":"é\\n€"}', bytes: 19, ttl: 3 },
      { key: 'b\n"\u2028', removed: true },
      { key: 'a', json: '1', bytes: 2, ttl: undefined },
      { key: 'a', removed: true },
      { key: '__proto__', json: '[]', bytes: 11, ttl: undefined },
    ],
  };

  it('a transaction is decoded from a body that another program has written, in the order of its changes', () => {
    expect(decodeCommand(frameOf(ID, body))).toMatchObject({ id: ID });
    expect(decoded(body)).toEqual(command);
  });

  it('the frame of a body has the bytes that the command is encoded as', () =>
    expect(Buffer.from(frameOf(ID, body))).toEqual(Buffer.from(encodeCommand(ID, command))));

  it('a transaction without changes is decoded', () =>
    expect(decoded('{"kind":"transaction","changes":[]}')).toEqual({ kind: 'transaction', changes: [] }));

  it('a transaction of removals alone has no values', () =>
    expect(decoded('{"kind":"transaction","changes":[{"key":"a","removed":true}]}')).toEqual({
      kind: 'transaction',
      changes: [{ key: 'a', removed: true }],
    }));

  it('a ttl may be any integer of PostgreSQL, so no transaction that was committed stops the nodes', () => {
    const ttls = [-0x80000000, -1, 0, 0x7fffffff];
    const heads = ttls.map((ttl) => `{"key":"a","ttl":${ttl}}`).join(',');
    const all = decoded(`{"kind":"transaction","changes":[${heads}]}\n1\n1\n1\n1`);
    expect(all).toMatchObject({ changes: ttls.map((ttl) => ({ ttl })) });
  });

  it('a frame with any bit flipped after the magic is poison', () => {
    const frame = frameOf(ID, body);
    for (let bit = 16; bit < frame.length * 8; bit++) {
      const damaged = frame.slice();
      // `bit` is inside the frame.
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decodeCommand(damaged)).toThrow(PoisonError);
    }
  });
});

describe('the body of a transaction', () => {
  it.each([
    ['no changes', '{"kind":"transaction"}'],
    ['changes that are null', '{"kind":"transaction","changes":null}'],
    ['changes that are an object', '{"kind":"transaction","changes":{"0":{"key":"a"},"length":1}}\n1'],
    ['changes that are a text', '{"kind":"transaction","changes":"a"}'],
    ['a change that is null', '{"kind":"transaction","changes":[null]}'],
    ['a change that is a text', '{"kind":"transaction","changes":["a"]}\n1'],
    ['a change that is an array', '{"kind":"transaction","changes":[["a"]]}\n1'],
    ['an insertion without a key', '{"kind":"transaction","changes":[{}]}\n1'],
    ['an insertion whose key is a number', '{"kind":"transaction","changes":[{"key":1}]}\n1'],
    ['a removal without a key', '{"kind":"transaction","changes":[{"removed":true}]}'],
    ['a removal whose key is null', '{"kind":"transaction","changes":[{"key":null,"removed":true}]}'],
    ['a removal that is false', '{"kind":"transaction","changes":[{"key":"a","removed":false}]}\n1'],
    ['a removal that is 1', '{"kind":"transaction","changes":[{"key":"a","removed":1}]}'],
    ['a removal that is null', '{"kind":"transaction","changes":[{"key":"a","removed":null}]}\n1'],
    ['a removal with a ttl', '{"kind":"transaction","changes":[{"key":"a","removed":true,"ttl":1}]}'],
    ['a removal with a condition', '{"kind":"transaction","changes":[{"key":"a","removed":true,"ifCursor":"x"}]}'],
    ['an insertion with a condition', '{"kind":"transaction","changes":[{"key":"a","ifAbsent":true}]}\n1'],
    [
      'an insertion with an idempotency key',
      '{"kind":"transaction","changes":[{"key":"a","idempotency":{"key":"k","payload":"p"}}]}\n1',
    ],
    ['an insertion with a member __proto__', '{"kind":"transaction","changes":[{"key":"a","__proto__":{}}]}\n1'],
    ['a ttl that is a text', '{"kind":"transaction","changes":[{"key":"a","ttl":"1"}]}\n1'],
    ['a ttl that is null', '{"kind":"transaction","changes":[{"key":"a","ttl":null}]}\n1'],
    ['a ttl that is a fraction', '{"kind":"transaction","changes":[{"key":"a","ttl":1.5}]}\n1'],
    ['a ttl above 32 bits', '{"kind":"transaction","changes":[{"key":"a","ttl":2147483648}]}\n1'],
    ['a ttl that is no number that JSON can write', '{"kind":"transaction","changes":[{"key":"a","ttl":1e999}]}\n1'],
    ['no value for an insertion', '{"kind":"transaction","changes":[{"key":"a"}]}'],
    ['a value too few', '{"kind":"transaction","changes":[{"key":"a"},{"key":"b"}]}\n1'],
    ['a value too many', '{"kind":"transaction","changes":[{"key":"a"}]}\n1\n2'],
    ['a value of a removal', '{"kind":"transaction","changes":[{"key":"a","removed":true}]}\n1'],
    ['an empty line at its end', '{"kind":"transaction","changes":[{"key":"a"}]}\n1\n'],
    ['an empty line alone', '{"kind":"transaction","changes":[]}\n'],
    ['a value that is no JSON', '{"kind":"transaction","changes":[{"key":"a"}]}\nnonsense'],
    ['a value that has a line end', '{"kind":"transaction","changes":[{"key":"a"}]}\n[1,\n2]'],
    ['changes over several lines', '{"kind":"transaction",\n"changes":[]}'],
  ])('a transaction is poison when it has %s', (_, body) => {
    expect(() => decodeCommand(frameOf(ID, body))).toThrow(PoisonError);
  });

  it.each([
    ['insertions', '{"kind":"insert","insertions":[{"key":"a"}]}\n1\n2'],
    ['a tick', '{"kind":"tick"}\n1'],
  ])('a command of %s with a value too many is poison', (_, body) =>
    expect(() => decodeCommand(frameOf(ID, body))).toThrow(PoisonError),
  );
});
