import { assertInputObjectType, assertObjectType, type GraphQLSchema } from 'graphql';
import { expect, it, vi } from 'vitest';
import { run } from '../../src/cli/verify.ts';
import { filterOf } from '../../src/core/map-options.ts';
import { isEveryItem } from '../../src/core/input/item-filter.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { changed } from '../support/histories/changed-results.ts';
import { startServer } from '../support/server/server.ts';

vi.mock(import('../../schema/index.ts'), async (original) => {
  const { createSchema } = await original();
  return { createSchema: (...options) => older(createSchema(...options)) };
});

/** The schema of 0.1 has no filters on values, and no `follows`. */
function older(schema: GraphQLSchema): GraphQLSchema {
  delete assertInputObjectType(schema.getType('ItemFilter')).getFields()['where'];
  delete assertObjectType(schema.getType('ItemChanges')).getFields()['follows'];
  return schema;
}

/** A server of 0.1 tells no sums to a mirror with a filter. */
function hideSums({ map }: SeamlineServer): void {
  const changes = map.changes.bind(map);
  vi.spyOn(map, 'changes').mockImplementation((options) => {
    const source = changes(options);
    if (isEveryItem(filterOf(options?.filter))) return source;
    return changed(source, (message) => [{ ...message, size: null, checksum: null }]);
  });
}

it('seamline verify finds no violation on a server without filters on values, and says what it does not check', async () => {
  const server = await startServer({ fanOut: false });
  hideSums(server);
  const log = vi.spyOn(console, 'log').mockReturnValue();
  const code = await run(['--url', server.url, '--seconds', '2', '--seed', '7']);
  const printed = log.mock.calls.join('\n');
  log.mockRestore();
  expect({ code, printed }).toEqual({ code: 0, printed: expect.stringMatching(/^all .* 0$/m) });
  expect(printed).toMatch(/^keyPrefix +[1-9][\d,]* +[1-9][\d,]* +0 +0 +0$/m);
  for (const kind of ['where: equality', 'where: range', 'where: and, or, not'])
    expect(printed).toMatch(new RegExp(`^${kind} +0 +0 +0 +0 +0$`, 'm'));
  expect(printed).toMatch(/^not checked: filters on values, `follows`, and sums of filtered mirrors;/m);
});
