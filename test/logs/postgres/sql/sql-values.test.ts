import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeWithPostgres } from '../../../support/engines/postgres.ts';
import { awkwardValue, FIXED } from '../../../support/random/awkward-values.ts';
import { openMapOn } from './maps.ts';

/** Members by name, because jsonb has an order of its own. It has no -0. */
function meaningOf(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 0 : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(meaningOf);
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, meaningOf(member)]);
}

/** jsonb writes 1e25 with all its digits, with which a mutation refuses it: such an integer ends with zeros, because a double has 17 digits. */
const mayHaveHadExponent = (json: string): boolean => /\d{17,}0{5}(?!\d)/.test(json);

/** Code points that jsonb does not take. */
const hasNul = (json: string): boolean => /(?<!\\)(?:\\\\)*\\u0000/.test(json);

describeWithPostgres('values that SQL inserts', (start) => {
  it('each random value that a double and UTF-8 hold reaches readers as the equal JSON value, and the others are refused', async () => {
    const postgres = await start();
    const map = await openMapOn(postgres.url);
    const client = await postgres.client();
    const items = map.items();
    await fc.assert(
      fc.asyncProperty(awkwardValue, async ({ json, problems }) => {
        fc.pre(!mayHaveHadExponent(json));
        await client.query('begin');
        const insertion = client.query('select seamline.insert($1, $2, $3)', ['seamline', 'k', json]);
        if (problems.length > 0 || hasNul(json)) {
          await expect(insertion).rejects.toMatchObject({ code: /^22/ });
          await client.query('rollback');
          return;
        }
        await insertion;
        const { rows } = await client.query<{ value: string }>(
          'select value from seamline.outbox where xid = pg_current_xact_id()',
        );
        expect(rows[0]?.value.replaceAll(/"(?:[^"\\]|\\.)*"/g, '')).not.toMatch(/\s/);
        await client.query('commit');
        const { value } = await items.next();
        expect(meaningOf(value?.value)).toEqual(meaningOf(JSON.parse(json)));
      }),
      { numRuns: 400, examples: FIXED.map((value) => [value]) },
    );
  });
});
