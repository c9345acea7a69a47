/**
 * Subscribers that move between "has everything" and "has a position of its own", in every interleaving of writes, of a socket that fills
 * up and drains, of clients that join and leave, and of the event loop.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Doors, type Plan } from '../../support/interest/doors.ts';
import { givenFilter } from '../../support/interest/filters.ts';
import { ItemsMember } from '../../support/interest/items-member.ts';
import { fakeClock, Scene } from '../../support/interest/scene.ts';
import type { OracleWrite } from '../../support/model/oracle.ts';
import { schedules } from '../../support/model/schedules.ts';

const A = givenFilter({ keyPrefix: 'a' });
const NESTED = givenFilter({ keyPrefix: 'a/' });
const KEY = givenFilter({ keys: ['a/1', 'b'] });
const NOBODY = givenFilter({ keys: ['nobody'] });
/** By a value that an index finds, and by values that are tested late. */
const EQUAL = givenFilter({ where: { path: '/s', eq: 'open' } });
const OTHER = givenFilter({ where: { path: '/s', ne: 'open' } });
const [OPEN, DONE] = [{ s: 'open' }, { s: 'done' }];

const items = (filter = givenFilter(), limit?: number): Plan => ({ kind: 'items', filter, limit });
const mirror = (filter = givenFilter()): Plan => ({ kind: 'changes', filter });

type Step = (scene: Scene) => void | Promise<void>;

const put =
  (...keys: string[]): Step =>
  (scene) =>
    scene.insert(...keys);
const set =
  (...values: (readonly [key: string, value: unknown])[]): Step =>
  (scene) =>
    scene.put(...values);
const drop =
  (key: string): Step =>
  (scene) =>
    scene.remove(key);
const one = (key: string, value: unknown = key) => ({ key, value });
const gone = (key: string) => ({ key, removed: true as const });
/** One transaction of another program. */
const transact =
  (...writes: readonly OracleWrite<unknown>[]): Step =>
  (scene) =>
    scene.transaction(...writes);
const fill: Step = ({ sockets }) => sockets[0]?.fill();
const fillLater: Step = ({ sockets }) => sockets[0]?.fill(1);
const drain: Step = ({ sockets }) => sockets[0]?.drain();
const nextTurn: Step = () => turn();
/** Lets one waiting microtask run. */
const tick: Step = async () => Promise.resolve();
const join =
  (plan: Plan, socket: 0 | 1): Step =>
  (scene) => {
    const member = scene.join(plan, scene.sockets[socket]);
    if (member instanceof ItemsMember) member.startedMeanwhile();
  };
/** Of those that are there from the start. */
const leave =
  (n: number): Step =>
  ({ members }) =>
    members[n]?.leave();

interface Scenario {
  readonly name: string;
  readonly window?: number;
  /** @default those of many filters on keys */
  readonly plans?: readonly Plan[];
  readonly actors: readonly (readonly Step[])[];
}

const LOOP: readonly Step[] = [nextTurn, tick, nextTurn];
const WRITER: readonly Step[] = [put('a/1'), put('b'), put('a/2', 'b', 'a/1')];

const BY_VALUE = [items(EQUAL), mirror(EQUAL), mirror(OTHER), items(OTHER), mirror(A)];

const SCENARIOS: readonly Scenario[] = [
  { name: 'a socket that fills up and drains', actors: [WRITER, [fill, drain], LOOP] },
  { name: 'a socket that a delivery fills up, and that drains', actors: [WRITER, [fillLater, drain], LOOP] },
  {
    name: 'removals, and a socket that drains',
    actors: [[put('a/1', 'b'), drop('a/1'), drop('b')], [fill, drain], LOOP],
  },
  { name: 'a client that joins, and one that leaves', actors: [WRITER, [join(items(A), 1), leave(0)], LOOP] },
  { name: 'a mirror that joins a full socket', actors: [WRITER, [fill, join(mirror(A), 0), drain], [nextTurn, tick]] },
  {
    name: 'clients that join and leave, and a socket that drains',
    actors: [WRITER.slice(0, 2), [fill, drain], [join(items(KEY), 0), leave(1)], LOOP.slice(0, 2)],
  },
  { name: 'a lag', window: 2, actors: [WRITER, [fill, drain], LOOP] },
  { name: 'a window of one change', window: 1, actors: [WRITER, [fillLater, drain], LOOP] },
  {
    name: 'values that gain and lose a match',
    plans: BY_VALUE,
    actors: [
      [set(['a/1', OPEN], ['b', DONE]), set(['a/1', DONE]), set(['b', OPEN], ['a/0', OPEN], ['b', DONE])],
      [fill, drain],
      [nextTurn, tick],
    ],
  },
  {
    name: 'transactions',
    actors: [
      [transact(one('a/1'), gone('a/0'), one('b')), transact(gone('b'), one('a/1'), gone('a/1'), one('b'))],
      [fill, drain],
      LOOP,
    ],
  },
  {
    name: 'transactions, values that gain and lose a match',
    plans: BY_VALUE,
    actors: [
      [
        transact(one('a/1', OPEN), one('b', DONE), gone('a/0')),
        transact(one('a/1', DONE), gone('a/1'), one('b', OPEN), one('a/1', DONE)),
        transact(gone('b'), one('b', DONE), one('a/1', OPEN), gone('a/1')),
      ],
      [fill, drain],
      [nextTurn, tick],
    ],
  },
  {
    name: 'values that lose a match in a lag',
    window: 2,
    plans: BY_VALUE,
    actors: [[set(['a/1', OPEN]), drop('a/1'), set(['a/1', DONE], ['b', DONE])], [fill, drain], [nextTurn]],
  },
];

/** Two sockets with groups that share filters, and others. Limits end in the middle. */
async function begin(scene: Scene, plans: readonly Plan[] | undefined): Promise<void> {
  const [one, two] = [scene.socket(), scene.socket()];
  scene.insert('a/0', 'b');
  await scene.rest();
  const first = [items(A), mirror(A), items(), items(A, 2), items(NESTED, 3)];
  const second = [items(A), mirror(A), mirror(KEY), items(KEY), mirror(NOBODY), mirror(), items(NOBODY)];
  for (const plan of plans ?? first) scene.join(plan, one);
  for (const plan of plans ?? second) scene.join(plan, two);
  await scene.rest();
  scene.check();
}

async function run(
  doors: Doors,
  { window = 1000, plans, actors }: Scenario,
  isFanned: boolean,
  schedule: readonly number[],
) {
  const scene = await Scene.open(doors, { window, isFanned });
  await begin(scene, plans);
  const at = actors.map(() => 0);
  for (const actor of schedule) {
    const step = at[actor] ?? 0;
    at[actor] = step + 1;
    await actors[actor]?.[step]?.(scene);
  }
  await scene.rest();
  scene.check(window === 1000);
  await drain(scene);
  await scene.rest();
  scene.check(window === 1000);
  // Nobody has gone to sleep for good.
  scene.insert('a/1', 'b');
  await scene.rest();
  scene.check();
  await scene.end();
  return scene.world.deliveries;
}

describe.each([
  ['the fan-out', true],
  ['generators', false],
])('by %s', (_name, isFanned) => {
  it.each(SCENARIOS)('G1 to G6 hold in every interleaving: $name', { timeout: 240_000 }, async (scenario) => {
    fakeClock();
    const doors = new Doors();
    let [count, deliveries] = [0, 0];
    for (const schedule of schedules(scenario.actors.map(({ length }) => length))) {
      deliveries += await run(doors, scenario, isFanned, schedule).catch((error: Error) => {
        error.message = `schedule ${schedule.join('')}: ${error.message}`;
        throw error;
      });
      count++;
    }
    expect(deliveries).toBeGreaterThan(10 * count);
  });
});
