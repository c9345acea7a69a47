/**
 * The core in every interleaving. A writer appends to the log, the log delivers the entry, the writer takes its answer; a reader requests
 * the next delivery, and advances by one microtask per step. So a writer's step falls between any two steps of the generator.
 */
import { describe, expect, it } from 'vitest';
import type { Change } from '../../src/core/model/change.ts';
import type { StreamingMapOptions } from '../../src/core/map-options.ts';
import { StreamingMap } from '../../src/core/streaming-map.ts';
import { schedules } from '../support/model/schedules.ts';
import { type StepLog, stepLog } from '../support/model/step-log.ts';
import { appendTransaction } from '../support/model/transactions.ts';

type Map = StreamingMap<number>;
type Step = () => void | Promise<void>;

/** The state of a reader, and its next step. */
interface Reader {
  readonly steps: readonly Step[];
  /** Reads until it has the given position. */
  finish(position: number): Promise<void>;
  readonly delivered: readonly Change<number>[];
  /** The reader's values by key. */
  readonly state: ReadonlyMap<string, number>;
}

const END = 'end';

/** Lets one waiting microtask run. */
const tick = async (): Promise<void> => Promise.resolve();

/** `items` or `itemChanges` in steps. With a cut in the middle it leaves, and resumes after its last cursor. */
function reader(map: Map, kind: 'items' | 'changes', ticks: number, cut: boolean): Reader {
  const delivered: Change<number>[] = [];
  const state = new globalThis.Map<string, number>();
  let after: string | undefined;
  let position = 0;
  const subscribe = () => (kind === 'items' ? map.items({ after }) : map.changes({ after }));
  let generator = subscribe();
  let pending: Promise<void> | undefined;

  const apply = (result: Awaited<ReturnType<typeof generator.next>>, from: typeof generator): void => {
    // The client gets nothing that arrives after a cut.
    if (result.done === true || from !== generator) return;
    const { value } = result;
    const isItem = 'key' in value;
    if (!isItem && value.reset) state.clear();
    for (const change of isItem ? [value] : [...value.upserted, ...value.removed]) {
      delivered.push(change);
      if ('reason' in change) state.delete(change.key);
      else state.set(change.key, change.value);
      position = Math.max(position, change.position);
    }
    after = value.cursor;
  };
  const next = (): void => {
    const from = generator;
    const taken = (pending ??= from.next().then((result) => {
      if (pending === taken) pending = undefined;
      apply(result, from);
    }));
  };
  const resume = (): void => {
    const left = generator;
    generator = subscribe();
    pending = undefined;
    void left.return();
    next();
  };
  const progress = Array.from({ length: ticks }, (): Step => async () => {
    next();
    await tick();
  });
  return {
    steps: [next, ...(cut ? progress.flatMap((step) => [step, resume]) : progress)],
    delivered,
    state,
    async finish(last) {
      for (let calls = 0; position < last; calls++) {
        if (calls > 100) throw new Error(`stuck at position ${position} of ${last}`);
        next();
        await pending;
      }
      await generator.return();
    },
  };
}

interface Scenario {
  readonly name: string;
  readonly options?: Omit<StreamingMapOptions, 'log'>;
  /** The items before the start. */
  readonly before?: readonly string[];
  readonly writers: readonly ((map: Map, value: number, log: StepLog) => Promise<unknown>)[];
  readonly ticks?: number;
  readonly cut?: boolean;
  /** Whether writers take their answer in a separate step: the three steps of the published model. */
  readonly answers?: boolean;
  /** Whether items may be skipped, because the window is smaller than the number of writes. */
  readonly lags?: boolean;
}

const put = (key: string) => (map: Map, value: number) => map.insert({ key, value });
const batch =
  (...keys: string[]) =>
  (map: Map, value: number) =>
    map.insertMany(keys.map((key) => ({ key, value })));
const drop = (key: string) => (map: Map) => map.remove(key);
/** A transaction of another program. `-a` removes the key `a`. */
const transaction =
  (...writes: string[]) =>
  (_map: Map, value: number, log: StepLog) =>
    appendTransaction(
      log,
      writes.map((key) => (key.startsWith('-') ? { key: key.slice(1), removed: true as const } : { key, value })),
    );

const SCENARIOS: readonly Scenario[] = [
  { name: 'two writers of two keys', writers: [put('a'), put('b')], answers: true },
  { name: 'two writers of one key', writers: [put('a'), put('a')], answers: true },
  { name: 'two writers over cached items', before: ['a', 'b', 'c'], writers: [put('a'), put('d')], answers: true },
  { name: 'three writers', before: ['a'], writers: [put('a'), put('b'), put('c')] },
  { name: 'three writers of one key', before: ['a'], writers: [put('a'), put('a'), put('a')] },
  { name: 'a removal', before: ['a', 'b'], writers: [drop('a'), put('b'), put('a')] },
  { name: 'evictions', options: { maxItems: 2 }, before: ['a', 'b'], writers: [put('c'), put('d'), put('a')] },
  { name: 'batches', before: ['a'], writers: [batch('a', 'b', 'a'), batch('b', 'c'), drop('b')] },
  {
    name: 'transactions',
    before: ['a', 'c'],
    writers: [transaction('a', '-a', 'b', '-c'), transaction('-b', 'a', '-x', 'b'), put('b')],
  },
  {
    name: 'a transaction, a cut and a resume',
    before: ['a', 'b'],
    // No insertion is replaced: a reader that is cut before it has received anything starts again at the new head.
    writers: [transaction('-a', 'c', '-b', 'd'), put('e')],
    ticks: 3,
    cut: true,
  },
  {
    name: 'a lag within a transaction',
    options: { window: 2 },
    before: ['a', 'b'],
    writers: [transaction('-a', 'c', '-b'), transaction('b', '-c'), put('a')],
    lags: true,
  },
  { name: 'a cut and a resume', before: ['a', 'b'], writers: [put('a'), put('c')], ticks: 3, cut: true },
  { name: 'a lag', options: { window: 1 }, before: ['a', 'b'], writers: [put('a'), put('c'), drop('b')], lags: true },
  {
    name: 'a lag, cut',
    options: { window: 1 },
    before: ['a'],
    writers: [put('b'), drop('a')],
    ticks: 3,
    cut: true,
    lags: true,
  },
];

/** Runs one schedule and then all remaining steps. The reader must have the truth in the end. */
async function run(
  scenario: Scenario,
  kind: 'items' | 'changes',
  schedule: readonly number[],
  log: StepLog,
): Promise<void> {
  const { options = {}, before = [], writers, ticks = 2, cut = false, answers = false, lags = false } = scenario;
  const map: Map = await StreamingMap.open<number>({ log, ...options });
  for (const [value, key] of before.entries()) {
    const inserted = map.insert({ key, value: -1 - value });
    log.deliverAll();
    await inserted;
  }
  const truth: Change<number>[] = [];
  const actors: (readonly Step[])[] = writers.map((write, n) => {
    const append: Step = () => {
      void write(map, n, log).then((outcome) => truth.push(...([outcome].flat().filter(Boolean) as Change<number>[])));
    };
    return answers ? [append, () => log.deliver(), tick] : [append, () => log.deliver()];
  });
  const client = reader(map, kind, ticks, cut);
  actors.push(client.steps);
  let joined = Infinity;
  const at = actors.map(() => 0);
  for (const actor of schedule) {
    const step = at[actor] ?? 0;
    at[actor] = step + 1;
    await actors[actor]?.[step]?.();
    // From its second step on the reader has its cutoff, because nothing else ran in between.
    if (actor === actors.length - 1 && step === 1) joined = Math.min(joined, map.replica.head.position);
  }
  log.deliverAll();
  const end = map.insert({ key: END, value: 0 });
  log.deliverAll();
  const { position } = await end;
  await client.finish(position);

  // Nobody is told the outcome of a transaction, but the window has its changes.
  if (!lags) truth.push(...map.replica.window);
  const positions = client.delivered.map((change) => change.position);
  if (kind === 'items')
    expect(positions, 'G2 and G3: rising, none twice').toEqual([...new Set(positions)].sort((a, b) => a - b));
  const live = truth
    .filter((change) => change.position > joined && !('reason' in change))
    .map((change) => change.position);
  if (kind === 'items' && !lags)
    expect(positions, 'G1: every insertion after the cutoff').toEqual(expect.arrayContaining(live));
  const current = [...map.replica.items.index.from(0 as never)];
  for (const item of current) expect(client.state.get(item.key), `the newest value of ${item.key}`).toBe(item.value);
  if (kind === 'changes') expect(client.state.size, 'G6: nothing that is gone').toBe(current.length);
  expect(map.subscriptions, 'G10').toBe(0);
  await map.close();
}

describe.each(SCENARIOS)('with $name', (scenario) => {
  it.each(['items', 'changes'] as const)(
    'G1 and G2 %s loses nothing and repeats nothing, in every interleaving',
    { timeout: 120_000 },
    async (kind) => {
      const { writers, ticks = 2, cut = false, answers = false } = scenario;
      const readerSteps = 1 + (cut ? 2 * ticks : ticks);
      const counts = [...writers.map(() => (answers ? 3 : 2)), readerSteps];
      let schedulesRun = 0;
      for (const schedule of schedules(counts)) {
        await run(scenario, kind, schedule, stepLog()).catch((error: Error) => {
          error.message = `schedule ${schedule.join('')}: ${error.message}`;
          throw error;
        });
        schedulesRun++;
      }
      console.info(`${scenario.name}, ${kind}: ${schedulesRun} schedules, 0 violations`);
    },
  );
});
