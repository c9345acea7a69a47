import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { encodeCommand } from '../../../src/core/model/command.ts';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import { insertion, sharedLog } from '../../support/model/node.ts';

async function open(log: OrderedLog): Promise<StreamingMap> {
  const map = await StreamingMap.open({ log });
  onTestFinished(() => map.close());
  return map;
}

describe('a command of this node', () => {
  it('a value is neither parsed nor written on its way from an insertion to a subscriber', async () => {
    const map = await open(memoryLog());
    const items = map.items();
    await map.insert({ key: 'first', value: 1 });
    await items.next();
    const value = { text: 'only here' };
    const insert = map.preparedInsert([{ key: 'a', value }]);
    const [parse, stringify] = [vi.spyOn(JSON, 'parse'), vi.spyOn(JSON, 'stringify')];
    onTestFinished(() => void vi.restoreAllMocks());
    await insert();
    const { value: item } = await items.next();
    expect(item?.json).toBe('{"text":"only here"}');
    const texts = stringify.mock.results.map((result) => String(result.value));
    expect([parse.mock.calls.length, texts.filter((text) => text.includes('only here'))]).toEqual([0, []]);
    expect(item?.value).toEqual(value);
    expect(item?.value).not.toBe(value);
  });

  it('a node shows what the log holds when an entry with its id differs from what it appended', async () => {
    const log = sharedLog();
    const append = log.append.bind(log);
    const map = await open(log);
    log.append = (_data, id) =>
      append(encodeCommand(id, { kind: 'insert', insertions: [insertion('other', 'value')] }), id);
    const inserted = await map.insert({ key: 'mine', value: 1 });
    expect(inserted).toMatchObject({ key: 'other', value: 'value' });
    expect(map.get('mine')).toBeUndefined();
  });

  it('two nodes of one log agree, whether they decode a command or not', async () => {
    const log = sharedLog();
    const [one, other] = [await open(log), await open(log)];
    const long = 'x'.repeat(2000);
    await one.insertMany([
      { key: 'ключ-длинный-длинный', value: { a: long, b: 'é' }, ttl: 60, idempotencyKey: 'once-and-for-all' },
      { key: 'b', value: [-0, 2 ** 60, 1e300] },
    ]);
    await other.insert({ key: 'b', value: long, ifCursor: one.get('b')?.cursor });
    await one.remove('b');
    for (const key of ['ключ-длинный-длинный', 'b']) expect(other.get(key)).toEqual(one.get(key));
    expect(other.replica.items.bytes).toBe(one.replica.items.bytes);
    expect(other.replica.head).toEqual(one.replica.head);
    expect(other.replica.items.checksum).toBe(one.replica.items.checksum);
  });
});
