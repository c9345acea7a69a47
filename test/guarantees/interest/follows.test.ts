/** G6: a mirror that has missed a message finds out with the next one, because that says which cursor it follows at least. */
import { describe, expect, it } from 'vitest';
import { type DeliveredChanges, Doors, type Plan } from '../../support/interest/doors.ts';
import { givenFilter } from '../../support/interest/filters.ts';
import { MirrorMember } from '../../support/interest/mirror-member.ts';
import { fakeClock, Scene } from '../../support/interest/scene.ts';
import { Dice } from '../../support/random/dice.ts';

const FILTERS = [
  givenFilter(),
  givenFilter({ keyPrefix: 'a' }),
  givenFilter({ where: { path: '/s', eq: 'open' } }),
  givenFilter({ where: { path: '/s', ne: 'open' } }),
  givenFilter({ keyPrefix: 'a', where: { path: '/p', gte: 2 } }),
  givenFilter({ keys: ['a/1', 'b'], where: { path: '/s', in: ['open', 'held'] } }),
];
const KEYS = ['a/1', 'a/2', 'a/3', 'b', 'c'];
const contentOf = (n: number) => ({ s: ['open', 'held', 'done'][(n * 7) % 3], p: (n * 5) % 4 });

const planOf = (n: number): Plan => ({
  kind: 'changes',
  filter: FILTERS[n % FILTERS.length] ?? givenFilter(),
  selection: n % 4 === 0 ? 1 : 0,
});

const isEmpty = ({ upserted, removed }: DeliveredChanges): boolean => upserted.length + removed.length === 0;

/** What a client does by itself. */
function finds(cursor: string, { follows, cursor: next }: DeliveredChanges): boolean {
  return follows !== null && (cursor < follows || cursor > next);
}

/** Each message with changes but the first and the last, as if it had been dropped. */
function unnoticed({ messages }: MirrorMember): DeliveredChanges[] {
  return messages.slice(1, -1).filter((message, n) => {
    const [before, next] = [messages[n], messages[n + 2]];
    return before && next && !isEmpty(message) && !finds(before.cursor, next);
  });
}

describe.each([
  ['the fan-out', true],
  ['generators', false],
])('by %s', (_name, isFanned) => {
  it.each([1, 2, 3, 4])(
    'G6 a mirror at the head that misses any message with changes finds out with the next message: seed %i',
    async (seed) => {
      fakeClock();
      const dice = new Dice(seed);
      const scene = await Scene.open(new Doors(), { isFanned, window: seed % 2 === 0 ? 40 : 1000, contentOf });
      const shared = [scene.socket(), scene.socket()];
      let count = 0;
      const join = (): void => void scene.join(planOf(count++), dice.once(2) ? dice.pick(shared) : undefined);
      for (let n = 0; n < 12; n++) join();
      await scene.rest();
      for (let round = 0; round < 80; round++) {
        // Members of a group join at different times, and leave.
        if (dice.once(3)) join();
        const one = dice.pick(scene.members);
        if (dice.once(8) && !one.isOver) one.leave();
        for (let writes = 1 + dice.below(3); writes > 0; writes--) {
          if (dice.once(4)) scene.remove(dice.pick(KEYS));
          else scene.insert(...Array.from({ length: 1 + dice.below(4) }, () => dice.pick(KEYS)));
        }
        await scene.rest();
        scene.check();
      }
      let messages = 0;
      for (const member of scene.members) {
        if (!(member instanceof MirrorMember)) throw new Error('no mirror');
        expect(unnoticed(member)).toEqual([]);
        messages += member.messages.length;
        // And nobody who has received everything resumes.
        const needless = member.messages.filter(
          (message, n) => n > 0 && finds(member.messages[n - 1]?.cursor ?? '', message),
        );
        expect(needless).toEqual([]);
      }
      expect(messages).toBeGreaterThan(500);
      await scene.end();
    },
  );

  it('G6 a mirror is not told that it follows what another mirror at its place was sent, which has seen a newer head', async () => {
    fakeClock();
    const scene = await Scene.open(new Doors(), { isFanned, window: 1, contentOf: () => ({ s: 'open' }) });
    const plan: Plan = { kind: 'changes', filter: givenFilter({ where: { path: '/s', eq: 'open' } }) };
    scene.join(plan);
    await scene.rest();
    scene.insert('a');
    await scene.rest();
    scene.check();
    // The second mirror starts at the head before the batch, and reads after it.
    scene.join(plan);
    scene.insert('a', 'a');
    await scene.rest();
    scene.check();
    expect(scene.world.deliveries).toBeGreaterThan(3);
    await scene.end();
  });

  it('G6 a mirror that resumes is told that its first message follows its cursor at least', async () => {
    fakeClock();
    const scene = await Scene.open(new Doors(), { isFanned, contentOf });
    const filter = givenFilter({ where: { path: '/s', eq: 'open' } });
    const first = scene.join({ kind: 'changes', filter });
    await scene.rest();
    scene.insert(...KEYS);
    await scene.rest();
    scene.check();
    const after = first.resumption;
    first.leave();
    scene.insert(...KEYS);
    const second = scene.join({ kind: 'changes', filter }, undefined, after);
    // In the group of one that stands elsewhere.
    const third = scene.join({ kind: 'changes', filter });
    await scene.rest();
    scene.check();
    if (!(second instanceof MirrorMember && third instanceof MirrorMember)) throw new Error('no mirror');
    expect([second, third].map(({ messages }) => messages[0]?.follows)).toEqual([after, null]);
    await scene.end();
  });
});
