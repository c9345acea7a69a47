/** What groups keep of clients' texts is counted once for equal ones, and forgotten with the group. */
import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { filterBytes } from '../../../schema/request/kept-bytes.ts';
import { itemFilter } from '../../../src/core/input/item-filter.ts';
import { keyFilter } from '../../../src/core/input/key-filter.ts';
import { filterName } from '../../../src/core/interest/watch.ts';
import { createSchema } from '../../../schema/index.ts';
import { KeptTexts } from '../../../src/fanout/kept-texts.ts';
import { Selections } from '../../../src/fanout/selection/selections.ts';

const document = parse('subscription ($filter: ItemFilter) { items(filter: $filter) { key } }');
const other = parse(`subscription { items { key } } #${'x'.repeat(10_000)}`);

const withKeys = (count: number) => {
  const keys = Array.from({ length: count }, (_, n) => `${n}`.padStart(100, 'k'));
  return { variableValues: { filter: { keys } }, filter: keyFilter({ keys }) };
};

describe('KeptTexts', () => {
  it('a document of several groups counts once, until the last of them has gone', () => {
    const texts = new KeptTexts();
    const { filter, variableValues } = withKeys(1);
    texts.add('a', { document, variableValues }, filter);
    const first = texts.bytes;
    texts.add('b', { document, variableValues }, filter);
    const second = texts.bytes - first;
    expect(first).toBeGreaterThan(second + 3000);
    texts.add('c', { document: other }, keyFilter());
    expect(texts.bytes).toBeGreaterThan(first + second + 10_000);
    texts.remove('a');
    texts.remove('c');
    expect(texts.bytes).toBe(first);
    texts.remove('b');
    texts.remove('b');
    expect(texts.bytes).toBe(0);
  });

  it('a filter on values counts with its operands and with the names of all its conditions', () => {
    const where = { and: Array.from({ length: 20 }, (_, n) => ({ path: `/${n}`, in: [n, 'x'.repeat(1000)] })) };
    const bytes = filterBytes(itemFilter({ keyPrefix: 'a', where })) - filterBytes(itemFilter({ keyPrefix: 'a' }));
    // The operand, its copy in the predicate, the condition's name, and its share of the whole name.
    expect(bytes).toBeGreaterThan(4 * 20 * 1000);
    const texts = new KeptTexts();
    texts.add('a', { document }, itemFilter({ where }));
    expect(texts.bytes).toBeGreaterThan(bytes);
  });

  it('a group beyond the bound is refused, and counts nothing; a long one is refused at half of the bound', () => {
    const texts = new KeptTexts(290_000);
    const [long, short] = [withKeys(700), withKeys(300)];
    texts.add('long', { document, variableValues: long.variableValues }, long.filter);
    const { bytes } = texts;
    expect(bytes).toBeGreaterThan(120_000);
    expect(() => texts.add('again', { document, variableValues: long.variableValues }, long.filter)).toThrow(
      `open subscriptions keep ${bytes} bytes of documents and filters: subscribe with shorter ones, or connect to another node`,
    );
    expect(texts.bytes).toBe(bytes);
    texts.add('1', { document, variableValues: short.variableValues }, short.filter);
    texts.add('2', { document, variableValues: short.variableValues }, short.filter);
    expect(() => texts.add('3', { document, variableValues: short.variableValues }, short.filter)).toThrow('keep');
    texts.remove('1');
    texts.add('3', { document, variableValues: short.variableValues }, short.filter);
    expect(texts.bytes).toBeLessThanOrEqual(290_000);
  });
});

describe('the name of a group', () => {
  const selections = new Selections(createSchema(), JSON.stringify);
  const name = (keys: readonly string[], text = 'subscription { items { key } }', operationName?: string): string => {
    const selection = selections.name('items', { document: parse(text), operationName });
    return `${selection} ${filterName(keyFilter({ keys }))}`;
  };

  it('the name of a group is short, whatever its filter, its document and its operation are called', () => {
    const long = Array.from({ length: 1000 }, (_, n) => `${n}`.padStart(500, 'k'));
    expect(name(long).length).toBeLessThan(300);
    expect(name(['a'], `subscription { items { ${'x'.repeat(9000)}: key } }`).length).toBeLessThan(300);
    expect(name(['a'], 'subscription { items { key } }', 'x'.repeat(9000)).length).toBeLessThan(300);
  });

  it('equal groups have one name, though their documents were parsed twice, and others have other names', () => {
    const long = Array.from({ length: 1000 }, (_, n) => `${n}`);
    expect(name(long)).toBe(name([...long]));
    expect(name(long)).not.toBe(name(long.slice(1)));
    expect(name(['a'])).not.toBe(name(['b']));
    expect(name(['a'], 'subscription { items { id } }')).not.toBe(name(['a']));
    expect(name(['a'], 'subscription { items { key } } # b')).toBe(name(['a']));
  });
});
