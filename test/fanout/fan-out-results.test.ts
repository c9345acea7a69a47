import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { GraphQLError, parse } from 'graphql';
import { AnswerBudget } from '../../schema/request/answer-budget.ts';
import { EVERYBODY } from '../../schema/request/caller.ts';
import { RootReads } from '../../schema/request/root-reads.ts';
import { createSchema } from '../../schema/index.ts';
import { keyFilter } from '../../src/core/input/key-filter.ts';
import type { ItemsOptions } from '../../src/core/map-options.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import { FanOut } from '../../src/fanout/fan-out.ts';
import { Group } from '../../src/fanout/group.ts';
import { MessageFraming } from '../../src/fanout/framing.ts';
import type { TextWriter } from '../../src/fanout/long-texts.ts';
import { Outlet } from '../../src/fanout/outlet.ts';
import type { OperationContext } from '../../src/transports/operations/operation.ts';
import { fanOutResults } from '../../src/transports/operations/fan-out-results.ts';
import { openMap } from '../support/model/open-map.ts';

const DOCUMENT = parse('subscription { items { key } }');
const WANTED = { cursors: false, remaining: false };

/** A way that is always ready, and what went there. */
function way() {
  const writes: string[] = [];
  const write = vi.fn<(text: string) => boolean>((text) => writes.push(text) > 0);
  const noted: TextWriter = { writableNeedDrain: false, writableLength: 0, write, on: () => noted as never };
  return { writes, write, way: noted };
}

function fanOutOf(map: StreamingMap): FanOut {
  return new FanOut({ schema: createSchema(), source: map.source, format: JSON.stringify });
}

function subscription(map: StreamingMap, fanOut = fanOutOf(map), options: ItemsOptions = {}) {
  const { writes, write, way: to } = way();
  const ended = vi.fn<(error: unknown, deliveries: number) => void>();
  const context: OperationContext = {
    ...WANTED,
    caller: EVERYBODY,
    delivery: {},
    reads: new RootReads(),
    budget: new AnswerBudget(),
    isResumed: false,
    fanOutRequest: {
      operation: { document: DOCUMENT },
      accepted: { kind: 'items', request: map.itemsRequest({ filter: keyFilter(), ...options }) },
      observer: { ended },
    },
  };
  const fail = (error: unknown) => ({ errors: [new GraphQLError(String(error))] });
  const parts = {
    fanOut,
    context,
    outlet: new Outlet(to, { isOpen: () => true }),
    framing: new MessageFraming('1', WANTED),
    fail,
  };
  return { results: fanOutResults(parts), writes, write, ended };
}

describe('G10 a subscription that the fan-out delivers', () => {
  it.each(Array.from({ length: 12 }, (_, n) => n))(
    'a subscription that is left after %i microtasks is released',
    async (count) => {
      const map = await openMap();
      const { results, writes, ended } = subscription(map);
      const next = results?.next();
      for (let n = 0; n < count; n++) await Promise.resolve();
      await results?.return();
      expect(await next).toEqual({ done: true, value: undefined });
      await vi.waitFor(() => expect(map.subscriptions).toBe(0), { timeout: 20_000 });
      expect(ended).toHaveBeenCalledExactlyOnceWith(undefined, 0);
      await map.insert({ key: 'a', value: 1 });
      // A sweep takes one of them.
      for (let n = 0; n < 3; n++) await new Promise((resolve) => setImmediate(resolve));
      expect(writes).toEqual([]);
    },
  );

  it('a subscription acquires nothing before the first iteration, and nothing when it was left before', async () => {
    const map = await openMap();
    const { results, ended } = subscription(map);
    expect(map.subscriptions).toBe(0);
    await results?.return();
    expect(await results?.next()).toEqual({ done: true, value: undefined });
    expect(map.subscriptions).toBe(0);
    expect(ended).toHaveBeenCalledExactlyOnceWith(undefined, 0);
  });
});

/** Resolves with the next error that nobody catches. */
function uncaught(): Promise<unknown> {
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  onTestFinished(() => void others.map((listener) => process.on('uncaughtException', listener)));
  return new Promise((resolve) => process.once('uncaughtException', resolve));
}

it('an error in the callback of a subscription that ends is uncaught, and all others go on', async () => {
  const map = await openMap();
  const fanOut = fanOutOf(map);
  const [first, second] = [subscription(map, fanOut, { limit: 1 }), subscription(map, fanOut)];
  first.ended.mockImplementation(() => {
    throw new Error('a logger that throws');
  });
  const error = uncaught();
  const ended = first.results?.next();
  void second.results?.next();
  await vi.waitFor(() => expect(map.subscriptions).toBe(2), { timeout: 20_000 });
  await map.insert({ key: 'a', value: 1 });
  expect(await error).toEqual(new Error('a logger that throws'));
  expect(await ended).toEqual({ done: true, value: undefined });
  await map.insert({ key: 'a', value: 2 });
  await vi.waitFor(() => expect(second.writes.join('').match(/"key":"a"/g)).toHaveLength(2), { timeout: 20_000 });
  await second.results?.return();
});

describe('what has been rendered', () => {
  it('rendered pages are kept only while a sweep lasts', async () => {
    const map = await openMap();
    const fanOut = fanOutOf(map);
    const [{ results, writes }, other] = [subscription(map, fanOut), subscription(map, fanOut)];
    const [items, forget] = [vi.spyOn(Group.prototype, 'items'), vi.spyOn(Group.prototype, 'forget')];
    onTestFinished(() => void [items, forget].map((spy) => spy.mockRestore()));
    void results?.next();
    void other.results?.next();
    await vi.waitFor(() => expect(map.subscriptions).toBe(2), { timeout: 20_000 });
    await map.insert({ key: 'a', value: 1 });
    await vi.waitFor(() => expect([...writes, ...other.writes]).toHaveLength(2), { timeout: 20_000 });
    const [read, forgotten] = [items, forget].map(({ mock }) => Math.max(...mock.invocationCallOrder));
    expect(forgotten).toBeGreaterThan(read ?? Infinity);
    await Promise.all([results?.return(), other.results?.return()]);
  });

  it('rendered pages are bounded while snapshots are sent and nothing moves', async () => {
    const map = await openMap();
    for (let n = 0; n < 50; n++)
      await map.insertMany(Array.from({ length: 1000 }, (_, m) => ({ key: `${n} ${m}`, value: m })));
    const fanOut = fanOutOf(map);
    const both = [subscription(map, fanOut), subscription(map, fanOut)];
    const forget = vi.spyOn(Group.prototype, 'forget');
    onTestFinished(() => forget.mockRestore());
    for (const { results } of both) void results?.next();
    // 128 results a write.
    for (const { writes } of both)
      await vi.waitFor(() => expect(writes.length).toBeGreaterThan(380), { timeout: 20_000 });
    // At the first one, and once on the way: well before all is sent.
    const nearlyAll = both[0]?.write.mock.invocationCallOrder[380] ?? 0;
    expect(forget.mock.invocationCallOrder.filter((order) => order < nearlyAll).length).toBeGreaterThanOrEqual(2);
    for (const { results } of both) await results?.return();
  });
});
