/**
 * Random lives of a map and its readers, against an oracle of a few lines. A failure prints its seed and the shortest such
 * life; put that into `REGRESSIONS`. `MODEL_RUNS=200000 MODEL_SEED=1 npm test -- test/guarantees/model.test.ts` runs more, and the same again.
 */
import fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import { keyFilter } from '../../src/core/input/key-filter.ts';
import { exportState, importState } from '../../src/core/replica/snapshot.ts';
import { StreamingMap } from '../../src/core/streaming-map.ts';
import { FaultyEngine } from '../support/model/faulty-engine.ts';
import { ItemsReader } from '../support/model/model-items.ts';
import { MirrorReader } from '../support/model/model-mirror.ts';
import { counted, type ReaderPlan, type World } from '../support/model/model-world.ts';
import { Oracle } from '../support/model/oracle.ts';
import { appendTransaction } from '../support/model/transactions.ts';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 10_000);
const SEED = process.env['MODEL_SEED'];
const KEYS = ['a', 'b', 'ab', 'c', 'd', 'λ'];
const key = fc.constantFrom(...KEYS);
const input = fc.record({ key, ttl: fc.option(fc.constantFrom(1, 2, 5), { nil: undefined, freq: 3 }) });
/** Distinct, overlapping and empty ones. */
const FILTERS = [
  keyFilter(),
  keyFilter(),
  keyFilter({ keyPrefix: 'a' }),
  keyFilter({ keyPrefix: 'a' }),
  keyFilter({ keyPrefix: 'ab' }),
  keyFilter({ keyPrefix: 'λ' }),
  keyFilter({ keys: ['b', 'c'] }),
  keyFilter({ keys: ['a', 'ab', 'b', ...Array.from({ length: 100 }, (_, n) => `absent ${n}`)] }),
  keyFilter({ keys: ['c', 'd', 'ab'] }, 'a'),
  keyFilter({ keys: [] }),
];
const plan: fc.Arbitrary<ReaderPlan> = fc.record({
  filter: fc.constantFrom(...FILTERS),
  limit: fc.option(fc.nat(6), { nil: undefined, freq: 3 }),
  onLag: fc.constantFrom('CONFLATE' as const, 'CONFLATE' as const, 'FAIL' as const),
});

type Command =
  | { readonly do: 'insert'; readonly inputs: readonly { key: string; ttl: number | undefined }[] }
  | { readonly do: 'remove'; readonly key: string }
  | { readonly do: 'transaction'; readonly writes: readonly { key: string; ttl: number | undefined | 'removed' }[] }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'items' | 'changes'; readonly plan: ReaderPlan }
  | { readonly do: 'pull'; readonly reader: number; readonly times: number }
  | { readonly do: 'cut'; readonly reader: number }
  | { readonly do: 'late' | 'export' }
  /** Clients reconnect to another node, or the node itself continues with the remaining log. */
  | { readonly do: 'lose' | 'lose below'; readonly commands: number }
  | { readonly do: 'break' | 'recreate' | 'save' };

const reader = fc.nat(5);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('insert' as const),
      inputs: fc.array(input, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), key }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('transaction' as const),
      writes: fc.array(fc.record({ key, ttl: fc.constantFrom('removed' as const, undefined, undefined, 2) }), {
        minLength: 1,
        maxLength: 5,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(400, 1000, 3000) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('items' as const, 'changes' as const), plan }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('pull' as const), reader, times: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), reader }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('late' as const, 'export' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('lose' as const, 'lose below' as const),
      commands: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('break' as const, 'recreate' as const, 'save' as const) }),
  },
);

const life = fc.record({
  maxItems: fc.constantFrom(2, 4, 100),
  window: fc.constantFrom(1, 3, 8, 1000),
  commands: fc.array(command, { minLength: 12, maxLength: 40 }),
});

async function live({
  maxItems,
  window,
  commands,
}: {
  maxItems: number;
  window: number;
  commands: readonly Command[];
}): Promise<void> {
  const engine = new FaultyEngine();
  const log = engine.connect();
  const world: World = {
    map: await StreamingMap.open<number>({ log, maxItems, window }),
    oracle: new Oracle(maxItems),
    window,
  };
  /** The number of changes after each sequence. */
  let heads = [0, 0];
  const readers: (ItemsReader | MirrorReader)[] = [];
  const pick = (n: number): ItemsReader | MirrorReader | undefined => readers[n % readers.length];
  const lose = (commands: number): void => {
    const last = Math.max(1, heads.length - 1 - commands);
    heads.length = last + 1;
    world.oracle = new Oracle(maxItems, world.oracle.changes.slice(0, heads[last]));
    engine.lose(engine.last - last);
  };
  /** The node continues with the current log. */
  const rebuilt = async (shared: number): Promise<void> => {
    await vi.advanceTimersByTimeAsync(5000);
    expect(world.map.health()).toEqual({ ok: true });
    for (const each of readers) await each.cross(shared);
  };
  let value = 0;

  for (const step of commands) {
    if (step.do === 'insert') {
      const inputs = step.inputs.map(({ key, ttl }) => ({ key, ttl, value: value++ }));
      world.oracle.insert(inputs, engine.now);
      await world.map.insertMany(inputs);
    } else if (step.do === 'remove') {
      world.oracle.remove(step.key, engine.now);
      await world.map.remove(step.key);
    } else if (step.do === 'transaction') {
      const writes = step.writes.map(({ key, ttl }) =>
        ttl === 'removed' ? { key, removed: true as const } : { key, ttl, value: value++ },
      );
      world.oracle.transaction(writes, engine.now);
      await appendTransaction(log, writes);
    } else if (step.do === 'wait') engine.now += step.ms;
    else if (step.do === 'items') readers.push(new ItemsReader(world, step.plan));
    else if (step.do === 'changes') readers.push(new MirrorReader(world, step.plan));
    else if (step.do === 'pull') for (let n = 0; n < step.times; n++) await pick(step.reader)?.pull();
    else if (step.do === 'cut') await pick(step.reader)?.cut();
    else if (step.do === 'late') {
      const late = await StreamingMap.open<number>({ log: engine.connect() });
      expect([...exportState(late.replica)], 'a late replica equals the first').toEqual([
        ...exportState(world.map.replica),
      ]);
      await late.close();
    } else if (step.do === 'export') {
      const lines = [...exportState(world.map.replica)];
      expect([...exportState(importState(lines))]).toEqual(lines);
    } else if (step.do === 'save') {
      const { sequence, commandId } = world.map.replica;
      const chunks = [...exportState(world.map.replica)].map((line) => Buffer.from(`${line}\n`));
      await log.saveSnapshot({ sequence, commandId, chunks });
    } else if (step.do === 'lose') {
      const left = world.map;
      lose(step.commands);
      world.map = await StreamingMap.open<number>({ log: engine.connect(), maxItems, window });
      for (const each of readers) await each.cut();
      expect(left.subscriptions, 'G10').toBe(0);
      await left.close();
    } else if (step.do === 'lose below') {
      lose(step.commands);
      await rebuilt(world.oracle.head);
    } else if (step.do === 'recreate') {
      heads = [0, 0];
      world.oracle = new Oracle(maxItems);
      engine.recreate();
      await rebuilt(-1);
    } else if (step.do === 'break') {
      engine.break('no connection');
      await rebuilt(world.oracle.head);
    }
    if (step.do === 'insert' || step.do === 'remove' || step.do === 'transaction') heads.push(world.oracle.head);
    expect(world.map.replica.head.position).toBe(world.oracle.head);
    // Waiting readers come to rest first: their speed is not under test.
    await new Promise((resolve) => setImmediate(resolve));
    for (const each of readers) await each.settle();
  }
  for (const each of readers) await each.leave();
  expect(world.map.subscriptions, 'G10').toBe(0);
  await world.map.close();
}

const everyKey: ReaderPlan = { filter: keyFilter(), limit: undefined, onLag: 'CONFLATE' };
const inserted = (...keys: string[]): Command => ({
  do: 'insert',
  inputs: keys.map((each) => ({ key: each, ttl: undefined })),
});
const pulled: Command = { do: 'pull', reader: 0, times: 1 };

/** Lives that failed once. They run first. */
const REGRESSIONS: [Parameters<typeof live>[0]][] = [
  // In a lag, a mirror skipped `b`, which was evicted; the log lost the eviction; the mirror resumed after `b`.
  [
    {
      maxItems: 2,
      window: 8,
      commands: [
        { do: 'changes', plan: everyKey },
        pulled,
        { do: 'cut', reader: 0 },
        { do: 'cut', reader: 0 },
        inserted('a'),
        inserted('b', 'd'),
        inserted('a', 'ab', 'a', 'a'),
        pulled,
        { do: 'lose', commands: 1 },
        pulled,
        pulled,
      ],
    },
  ],
];

it('G1 to G8 hold in random lives of a map and its readers', { timeout: 3_600_000 }, async () => {
  // No pause before a broken log is opened again.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  // No slot ends early on a busy machine, so all readers are at rest after each step.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => clock.mockRestore());
  await fc.assert(fc.asyncProperty(life, live), {
    numRuns: RUNS,
    examples: REGRESSIONS,
    ...(SEED !== undefined && { seed: Number(SEED) }),
  });
  console.info(`model: ${RUNS} lives, ${counted.deliveries} deliveries checked`);
});
