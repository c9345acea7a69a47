import { it } from 'vitest';
import { underAttack } from '../support/abuse/abuse.ts';
import type { Attack } from '../support/abuse/attacker.ts';

const cases = JSON.parse(process.env['CASES'] ?? '[]') as (readonly [Attack, object?])[];
it.each(cases)('try %j', async (attack, options = {}) => {
  const o = await underAttack(attack, options as never);
  console.log(JSON.stringify(o).length);
});
