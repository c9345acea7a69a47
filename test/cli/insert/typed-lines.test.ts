import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { Input, Reading } from '../../../src/cli/insert/input.ts';
import { BATCH_LIMITS, InputQueue } from '../../../src/cli/insert/input-queue.ts';
import { targetOf } from '../../../src/cli/insert/target.ts';
import { typedCollection } from '../../support/described/described.ts';
import { typedSdl } from '../../support/described/typed-sdl.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

const quotes = targetOf(typedCollection('quotes'), 'run');
const people = targetOf(typedCollection('people'), 'run');

function read(line: object | string, target = quotes, number = 1): Reading {
  const text = typeof line === 'string' ? line : JSON.stringify(line);
  return target.read({ number, end: text.length, text }, NOW);
}

function inputOf(line: object, target = quotes, number = 1): Input {
  const reading = read(line, target, number);
  if (reading.kind !== 'input') throw new Error(`the line is ${reading.kind}`);
  return reading.input;
}

describe('a line for a typed collection', () => {
  it('a line that seamline tail printed becomes the input, without the fields that the server adds', () => {
    const own = { symbol: 'A', price: 1.5, venue: null, tags: ['x'], lines: [{ count: 1 }] };
    const added = { __typename: 'Quote', id: 'A', cursor: 'c', timestamp: '2025-12-31T00:00:00.000Z', expiresAt: null };
    expect(JSON.parse(inputOf({ ...own, ...added }).json)).toEqual(own);
  });

  it('an id and a key that the type has itself belong to the input', () => {
    expect(JSON.parse(inputOf({ id: 7, key: 'k', cursor: 'c' }, people).json)).toEqual({ id: 7, key: 'k' });
  });

  it('a line gives the ttl of its item, or the time that it expires at', () => {
    expect(inputOf({ symbol: 'A', ttl: 60 })).toMatchObject({ ttl: 60, json: '{"symbol":"A"}' });
    expect(inputOf({ symbol: 'A', expiresAt: '2026-01-01T00:00:10Z' }).ttl).toBe(10);
    expect(inputOf({ symbol: 'A' }).ttl).toBeUndefined();
    expect(read({ symbol: 'A', expiresAt: '2025-12-31T00:00:00Z' })).toEqual({ kind: 'expired' });
  });

  it.each<[string, object | string, string]>([
    ['has no key', { price: 1 }, 'no symbol'],
    ['is an array', '[1]', 'not an object'],
    ['is no JSON', '{', 'not JSON'],
    ['has a wrong ttl', { symbol: 'A', ttl: 0 }, 'ttl must be a whole number of seconds from 1 to 2147483647'],
    ['has a time that is none', { symbol: 'A', expiresAt: 'soon' }, 'expiresAt must be an RFC 3339 date and time'],
    ['has a number that is not kept', '{"symbol":"A","price":9007199254740993}', 'price must not be 9007199254740993'],
  ])('a line that %s is refused before it is sent', (_, line, problem) => {
    expect(read(line)).toMatchObject({ kind: 'bad', problem: expect.stringContaining(problem) as string });
  });

  it('a line without the key is told which fields a line has', () => {
    expect(read({})).toMatchObject({
      hint: 'a line is an object with the fields symbol, price, venue, tags, lines, at',
    });
  });
});

describe('a batch for a typed collection', () => {
  it('a batch is one valid mutation with the ttl and an idempotency key of the batch', () => {
    const lines = [
      { symbol: 'A', price: 1, ttl: 5 },
      { symbol: 'B', price: 2, ttl: 5 },
    ];
    const batch = lines.map((line, index) => inputOf(line, quotes, index + 3));
    const body = JSON.parse(quotes.bodyOf(batch)) as { query: string; variables: object };
    expect(validate(buildSchema(typedSdl()), parse(body.query))).toEqual([]);
    expect(body.query).toMatch(/insertQuotes\(.*\) \{ __typename \}/);
    expect(body.variables).toEqual({
      inputs: [
        { symbol: 'A', price: 1 },
        { symbol: 'B', price: 2 },
      ],
      ttl: 5,
      idempotencyKey: 'run-3-2',
    });
    // Parts of a batch are other batches.
    expect(quotes.bodyOf(batch.slice(0, 1))).toContain('"run-3-1"');
    expect(quotes.bodyOf(batch.slice(1))).toContain('"run-4-1"');
  });

  it('neighbours of one ttl are one batch, and the order of the lines is kept', async () => {
    const queue = new InputQueue();
    const ttls = [undefined, undefined, 5, 5, 6, undefined];
    for (const [index, ttl] of ttls.entries())
      queue.add(inputOf(ttl === undefined ? { symbol: 'A' } : { symbol: 'A', ttl }, quotes, index + 1));
    queue.end();
    const batches: number[][] = [];
    for (let batch = await queue.take(BATCH_LIMITS); batch; batch = await queue.take(BATCH_LIMITS))
      batches.push(batch.map(({ line }) => line));
    expect(batches).toEqual([[1, 2], [3, 4], [5], [6]]);
  });
});
