import { describe, expect, it } from 'vitest';
import { formatCursor } from '../../../src/core/model/cursor.ts';
import { ownText } from '../../../src/core/model/own-text.ts';
import { parseEpoch, type Position } from '../../../src/core/model/position.ts';
import { momentOf, StoredItem } from '../../../src/core/model/stored-item.ts';

const EPOCH = parseEpoch('0testepoch00');
const PLACE = { position: 12 as Position, digest: 0xfedcba98 };
const TIME = 1_700_000_000_000;

function item(json: string): StoredItem<unknown> {
  const parts = { key: 'k', json, ...PLACE, expiresAt: null, bytes: 9, following: 0 };
  return new StoredItem(momentOf(undefined, EPOCH, TIME), parts);
}

describe('an item', () => {
  it('the value of an item is what its text says, and the same object for all readers', () => {
    const stored = item('{"a":[-0,{"__proto__":1}]}');
    expect(JSON.stringify(stored.value)).toBe('{"a":[0,{"__proto__":1}]}');
    expect((stored.value as { a: unknown[] }).a[0]).toBe(-0);
    expect(stored.value).toBe(stored.value);
    expect(item('"text"').value).toBe('text');
    expect(item('false').value).toBe(false);
  });

  it('the cursor, the time and the digest of an item are those of its place', () => {
    const stored = item('1');
    expect(stored.cursor).toBe(formatCursor(EPOCH, PLACE));
    expect(stored).toMatchObject({ ...PLACE, timestamp: TIME });
  });

  it('JSON.stringify of an item writes its value, and not its text', () => {
    expect(JSON.parse(JSON.stringify(item('{"a":1}')))).toEqual({
      key: 'k',
      value: { a: 1 },
      ...PLACE,
      timestamp: TIME,
      cursor: formatCursor(EPOCH, PLACE),
      expiresAt: null,
      bytes: 9,
      following: 0,
    });
  });

  it('an item can be read through a proxy', () => {
    const proxy = new Proxy(item('{"a":1}'), {});
    expect([proxy.value, proxy.cursor, proxy.digest, proxy.timestamp]).toEqual([
      { a: 1 },
      formatCursor(EPOCH, PLACE),
      PLACE.digest,
      TIME,
    ]);
  });

  it('items of one moment share it', () => {
    const moment = momentOf(undefined, EPOCH, TIME);
    expect(momentOf(moment, EPOCH, TIME)).toBe(moment);
    expect(momentOf(moment, EPOCH, TIME + 1)).toEqual({ epoch: EPOCH, timestamp: TIME + 1 });
    expect(momentOf(moment, parseEpoch('1testepoch11'), TIME).epoch).toBe('1testepoch11');
  });
});

it.each([
  '',
  'a',
  'x'.repeat(100),
  'é'.repeat(20),
  '語'.repeat(20),
  `${'x'.repeat(20)}😀`,
  '\u0000'.repeat(20),
  '\ufeffabcdefghijklmnop',
])('a text of its own equals the text: %j', (text) => expect(ownText(text)).toBe(text));
