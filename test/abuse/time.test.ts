/** Documents, bodies and messages that take long. */
import { describe, it } from 'vitest';
import { expectUnharmed, underAttack } from '../support/abuse/abuse.ts';

const FULL = { before: { name: 'fill', shape: 'tiny', size: 10, items: 100_000 } };

describe('work that takes long', () => {
  it('a hundred documents of 100 queries each that find nothing among 100,000 items harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'heavyDocuments', document: 'misses', count: 100 }, FULL));
  });

  it.each([
    ['pages', 50],
    ['tokens', 200],
    ['fragments', 50],
    ['wrong', 200],
    ['conflicts', 200],
  ])('documents that cost much for their length (%s) harm nobody', async (document, count) => {
    const options = document === 'pages' ? FULL : {};
    expectUnharmed(await underAttack({ name: 'heavyDocuments', document, count, distinct: true }, options));
  });

  it.each([
    ['numbers and brackets', ['numbers', 'fractions', 'exponents', 'brackets']],
    ['objects and members', ['objects', 'members', 'escapes', 'list']],
  ])('bodies of 1 MB that are full of %s harm nobody', async (_what, kinds) => {
    expectUnharmed(await underAttack({ name: 'heavyBodies', count: 60, atOnce: 20, kinds }));
  });

  it('messages of 1 MB that are full of numbers and brackets harm nobody', async () => {
    const kinds = ['numbers', 'fractions', 'exponents', 'brackets', 'objects'];
    expectUnharmed(await underAttack({ name: 'heavyMessages', count: 60, kinds }));
  });

  it('batches that fail at their conditions harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'heavyInsertions', count: 50 }));
  });
});
