/**
 * One change concerns many subscribers, and their delivery takes several slots of the event loop. Each test makes something happen
 * between two of these slots, when some of the subscribers have the change and the others do not.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { keyFilter } from '../../../src/core/input/key-filter.ts';
import { Doors, type Plan } from '../../support/interest/doors.ts';
import { ItemsMember } from '../../support/interest/items-member.ts';
import { type AnyMember, fakeClock, Scene } from '../../support/interest/scene.ts';

const A = keyFilter({ keyPrefix: 'a' });
const B = keyFilter({ keys: ['b'] });
const PLANS: readonly Plan[] = [
  { kind: 'items', filter: A },
  { kind: 'changes', filter: A },
  { kind: 'items', filter: A, selection: 1 },
  { kind: 'items', filter: A, limit: 1 },
  { kind: 'items', filter: A, limit: 2 },
  { kind: 'items', filter: keyFilter() },
];
const [COUNT, TOGETHER] = [400, 20];
/** After so many writes of a delivery. */
const MOMENTS = [1, 40, 150, 300];

/** The part of a scene that an event acts on. */
interface Crowd {
  readonly scene: Scene;
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
  ['the change is undone', ({ scene }) => scene.remove('a/1')],
  [
    'clients join',
    ({ scene, first, last }) => {
      for (const socket of [undefined, first, last])
        for (const plan of [...PLANS.slice(0, 2), { kind: 'changes', filter: B } as const])
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
      const after = middle.resumption;
      middle.leave();
      scene.join({ kind: 'items', filter: A }, undefined, after);
    },
  ],
];

/** Hundreds of sockets, and one with many subscriptions. */
async function crowdOf(scene: Scene): Promise<Crowd> {
  scene.insert('a/0');
  scene.insert('b');
  await scene.rest();
  // The planned one of each number, in turn.
  const join = (n: number, socket = scene.socket()): AnyMember => scene.join(PLANS[n % PLANS.length]!, socket);
  const first = scene.join({ kind: 'items', filter: A }, scene.socket());
  for (let n = 0; n < COUNT / 2; n++) join(n);
  const middle = scene.join({ kind: 'items', filter: A }, scene.socket());
  const together = scene.socket();
  for (let n = 0; n < TOGETHER; n++) join(n, together);
  for (let n = 0; n < COUNT / 2; n++) join(n);
  const last = scene.join({ kind: 'items', filter: A }, scene.socket());
  scene.join({ kind: 'changes', filter: B }, scene.socket());
  await scene.rest();
  scene.check();
  return { scene, first, middle, last };
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

describe.each([
  ['the fan-out', true],
  ['generators', false],
])('by %s', (_name, isFanned) => {
  describe.each(EVENTS)('while one delivery takes many slots, %s', (_what, happen) => {
    it.each(MOMENTS)('no subscriber loses or repeats a change: after %i writes (G1 to G6)', async (moment) => {
      // So a slot of 2 ms ends after some dozen looks at the clock.
      fakeClock(0.05);
      const scene = await Scene.open(new Doors(), { isFanned, isSliced: true });
      const crowd = await crowdOf(scene);
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
    });
  });

  it.each(MOMENTS)(
    'a map that closes while one delivery takes many slots ends all: after %i writes',
    async (moment) => {
      fakeClock(0.05);
      const scene = await Scene.open(new Doors(), { isFanned, isSliced: true });
      await crowdOf(scene);
      const happened = afterWrites(scene, moment, () => scene.world.map.close());
      scene.insert('a/1');
      await happened;
      await scene.rest();
      for (const member of scene.members) member.checkClosed({ isExact: true });
      expect(scene.world.map.subscriptions).toBe(0);
    },
  );
});
