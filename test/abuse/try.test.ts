import { expect, it } from 'vitest';
import { underAttack, type Options } from '../support/abuse/abuse.ts';
import type { Attack } from '../support/abuse/attacker.ts';

const cases = JSON.parse(process.env['CASES'] ?? '[]') as (readonly [Attack, Options?])[];
it.each(cases)('try %j', async (...given) => {
  const [attack = { name: "none" }, options] = given as unknown as [Attack?, Options?];
  const o = await underAttack(attack, options ?? {});
  expect(o.isAlive).toBe(true);
});
