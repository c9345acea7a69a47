/** Which tests of test/guarantees another way to run them has an influence on. */
import { readdirSync } from 'node:fs';

/** They import neither graphql nor the server. */
const CORE_ONLY = new Set(['every-interleaving.test.ts', 'model.test.ts', 'published-algorithm.test.ts']);
/** These choose between the fan-out and generators themselves, and start no server. */
const WITHOUT_SERVER = 'interest';

/** Paths of files and folders, as vitest takes them. */
export const WITH_GRAPHQL = readdirSync('test/guarantees')
  .filter((name) => !CORE_ONLY.has(name))
  .map((name) => `test/guarantees/${name}`);

export const WITH_SERVER = WITH_GRAPHQL.filter((path) => !path.endsWith(`/${WITHOUT_SERVER}`));
