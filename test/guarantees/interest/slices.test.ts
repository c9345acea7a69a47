/**
 * One change concerns many subscribers, and their delivery takes several slots of the event loop. Each test makes something happen
 * between two of these slots, when some of the subscribers have the change and the others do not.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Doors, type Plan } from '../../support/interest/doors.ts';
import { givenFilter } from '../../support/interest/filters.ts';
import { ItemsMember } from '../../support/interest/items-member.ts';
import { type AnyMember, fakeClock, Scene } from '../../support/interest/scene.ts';

const B = givenFilter({ keys: ['b'] });
/** Filters of the same items: by keys, by a value that an index finds, and by values that are tested late. */
const WAYS = [
  { way: 'a prefix', a: givenFilter({ keyPrefix: 'a' }), moments: [1, 40, 150, 300] },
  { way: 'an equality', a: givenFilter({ where: { path: '/s', eq: 'open' } }), moments: [1, 150] },
  { way: 'a range', a: givenFilter({ where: { path: '/p', gt: 0 } }), moments: [40, 300] },
];
const [OPEN, DONE] = [
  { s: 'open', p: 1 },
  { s: 'done', p: 0 },
];
const contentOf = (_n: number, key: string) => (key.startsWith('a') ? OPEN : DONE);
const plansOf = (a: Plan['filter']): readonly Plan[] => [
  { kind: 'items', filter: a },
  { kind: 'changes', filter: a },
  { kind: 'items', filter: a, selection: 1 },
  { kind: 'items', filter: a, limit: 1 },
  { kind: 'items', filter: a, limit: 2 },
  { kind: 'items', filter: givenFilter() },
];
const [COUNT, TOGETHER] = [400, 20];

/** The part of a scene that an event acts on. */
interface Crowd {
  readonly scene: Scene;
  readonly plans: readonly Plan[];
  /** In the order in which they have joined. */
  readonly first: AnyMember;
  readonly middle: AnyMember;
  readonly last: AnyMember;
}

const joinMeanwhile = (scene: Scene, plan: Plan, member?: AnyMember): void => {
  const joined = scene.join(plan, member?.socket);
  if (joined instanceof ItemsMember) joined.startedMeanwhile();
};

const EVENTS: readonly (readonly [name: string, happen: (crowd: Crowd) => void | Promise<void>])[] = [
  ['another change concerns all', ({ scene }) => scene.insert('a/2')],
  ['a change concerns nobody of them', ({ scene }) => scene.insert('c')],
  ['a batch concerns several filters', ({ scene }) => scene.insert('b', 'a/1', 'c', 'a/2', 'b')],
  [
    'a transaction concerns several filters',
    ({ scene }) =>
      scene.transaction(
        { key: 'a/1', removed: true },
        { key: 'b', value: OPEN },
        { key: 'a/1', value: DONE },
        { key: 'a/0', removed: true },
        { key: 'b', removed: true },
        { key: 'a/2', value: OPEN },
      ),
  ],
  ['the change is undone', ({ scene }) => scene.remove('a/1')],
  ['the item ceases to match', ({ scene }) => scene.put(['a/1', DONE], ['b', OPEN], ['a/2', DONE])],
  [
    'clients join',
    ({ scene, plans, first, last }) => {
      for (const socket of [undefined, first, last])
        for (const plan of [...plans.slice(0, 2), { kind: 'changes', filter: B } as const])
          joinMeanwhile(scene, plan, socket);
    },
  ],
  [
    'clients leave',
    ({ first, middle, last }) => {
      for (const member of [first, middle, last]) if (!member.isOver) member.leave();
    },
  ],
  [
    'sockets fill up, and drain some turns later',
    async ({ scene, first, middle, last }) => {
      for (const { socket } of [first, middle, last]) socket.fill();
      scene.insert('a/2', 'b');
      for (let n = 0; n < 3; n++) await turn();
      scene.insert('a/3');
      for (const { socket } of [last, first, middle]) {
        socket.drain();
        await turn();
      }
    },
  ],
  [
    'a client resumes on another socket',
    ({ scene, middle }) => {
      scene.resume(middle);
    },
  ],
];

/** Hundreds of sockets, and one with many subscriptions. */
async function crowdOf(scene: Scene, a: Plan['filter']): Promise<Crowd> {
  const plans = plansOf(a);
  scene.insert('a/0');
  scene.insert('b');
  await scene.rest();
  // The planned one of each number, in turn.
  const join = (n: number, socket = scene.socket()): AnyMember => scene.join(plans[n % plans.length]!, socket);
  const first = scene.join({ kind: 'items', filter: a }, scene.socket());
  for (let n = 0; n < COUNT / 2; n++) join(n);
  const middle = scene.join({ kind: 'items', filter: a }, scene.socket());
  const together = scene.socket();
  for (let n = 0; n < TOGETHER; n++) join(n, together);
  for (let n = 0; n < COUNT / 2; n++) join(n);
  const last = scene.join({ kind: 'items', filter: a }, scene.socket());
  scene.join({ kind: 'changes', filter: B }, scene.socket());
  await scene.rest();
  scene.check();
  return { scene, plans, first, middle, last };
}

/** Calls `happen` after the n-th write from now on, between two slots. Resolves when it has happened. */
function afterWrites(scene: Scene, count: number, happen: () => void | Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = count;
    for (const socket of scene.sockets)
      socket.onWrite = () => {
        if (--left !== 0) return;
        process.nextTick(() => Promise.resolve(happen()).then(resolve, reject));
      };
  });
}

const CASES = WAYS.flatMap(({ way, a, moments }) => moments.map((moment) => ({ way, a, moment })));

describe.each([
  ['the fan-out', true],
  ['generators', false],
])('by %s', (_name, isFanned) => {
  describe.each(EVENTS)('while one delivery takes many slots, %s', (_what, happen) => {
    it.each(CASES)(
      'no subscriber loses or repeats a change: after $moment writes, of filters with $way (G1 to G6)',
      async ({ a, moment }) => {
        // So a slot of 2 ms ends after some dozen looks at the clock.
        fakeClock(0.05);
        const scene = await Scene.open(new Doors(), { isFanned, isSliced: true, contentOf });
        const crowd = await crowdOf(scene, a);
        const before = scene.world.deliveries;
        const happened = afterWrites(scene, moment, () => happen(crowd));
        scene.insert('a/1');
        await happened;
        await scene.rest();
        scene.check();
        expect(scene.world.deliveries - before).toBeGreaterThan(COUNT / 2);
        scene.insert('a/1', 'b');
        await scene.rest();
        scene.check();
        await scene.end();
      },
    );
  });

  it.each(CASES)(
    'a map that closes while one delivery takes many slots ends all: after $moment writes, of filters with $way',
    async ({ a, moment }) => {
      fakeClock(0.05);
      const scene = await Scene.open(new Doors(), { isFanned, isSliced: true, contentOf });
      await crowdOf(scene, a);
      const happened = afterWrites(scene, moment, () => scene.world.map.close());
      scene.insert('a/1');
      await happened;
      await scene.rest();
      for (const member of scene.members) member.checkClosed({ isExact: true });
      expect(scene.world.map.subscriptions).toBe(0);
    },
  );
});
