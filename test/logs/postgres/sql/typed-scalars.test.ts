/** Values of all scalars of graphql-scalars, in SQL and in the nodes. */
import { resolvers } from 'graphql-scalars';
import { expect, it } from 'vitest';
import { isKnownScalar } from '../../../../schema/sdl/check-references.ts';
import { parseSdlFile } from '../../../../schema/sdl/parse-sdl-file.ts';
import { unfitItem } from '../../../../schema/typed/unfit-item.ts';
import { describeWithPostgres } from '../../../support/engines/postgres.ts';
import { SAMPLES } from '../../../support/typed/scalar-samples.ts';
import { SqlCheck } from '../../../support/typed/sql-check.ts';

/** SQL takes no value of these. */
const UNCHECKED = ['GeoJSON', 'IBAN', 'RoutingNumber', 'SESSN', 'USCurrency'];
/** SQL refuses values that are unusual. */
const STRICTER = 'Byte Cuid HSL IP IPv6 ISBN LocalDateTime Locale PostalCode RGB TimeZone URL'.split(' ');

/** Nodes know no number that is not a double. */
const isDouble = (json: string): boolean => json !== '1e-400';

const SCALARS = Object.keys(resolvers).filter(isKnownScalar);

describeWithPostgres('scalars in SQL', (start) => {
  it('SQL takes a value of a scalar only if a node does, and refuses only unusual values that a node takes', async () => {
    const server = await start();
    const check = await SqlCheck.on(await server.client());
    const stricter = new Set<string>();
    const wrong: string[] = [];
    const none: string[] = [];
    for (const name of SCALARS) {
      const declared = ['ID', 'Int', 'Float', 'String', 'Boolean'].includes(name) ? '' : `scalar ${name}\n`;
      const text = `${declared}type Thing @collection(key: "id") { id: ID! value: ${name} }`;
      const sdl = parseSdlFile(text, 'things.graphql');
      // There is one.
      const collection = sdl.collections[0]!;
      const unfit = unfitItem(sdl, collection);
      const pairs = SAMPLES.map((json) => ({ key: 'a', json: `{"id":"a","value":${json}}` }));
      const misfits = await check.misfits(sdl, collection, pairs);
      let both = 0;
      for (const [at, { key, json }] of pairs.entries()) {
        const fits = unfit({ key, value: JSON.parse(json) as unknown }) === undefined;
        const fitsSql = misfits[at] === undefined;
        if (fits && fitsSql) both++;
        if (fitsSql && !fits) wrong.push(`${name}: ${json}`);
        if (fits && !fitsSql && isDouble(SAMPLES[at] ?? '')) stricter.add(name);
      }
      if (both === 0) none.push(name);
    }
    expect(wrong).toEqual([]);
    expect(none.toSorted()).toEqual(UNCHECKED);
    expect([...stricter].toSorted()).toEqual([...UNCHECKED, ...STRICTER].toSorted());
  });
});
