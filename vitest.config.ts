import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

/**
 * Tests that need other servers, a browser or many processes, or that take long: `npm run test:all` runs them. Everything else is
 * what `npm test` runs in a few minutes.
 */
const SLOW = [
  'test/{browser,cli,console,deploy,examples,fuzz,package,readme}/**/*.test.ts',
  'test/core/held-memory.test.ts',
  'test/end-to-end/volume.test.ts',
  'test/guarantees/where/many-mirrors.test.ts',
  'test/logs/file/*{damage,faults,snapshots}.test.ts',
  'test/transports/http/trusted-documents-cli.test.ts',
  'test/verify/verify.test.ts',
];

/** The same, of tests that wait for processes, engines and timers most of their time, and measure nothing. */
const WAITING = [
  'test/end-to-end/**/!(volume).test.ts',
  'test/logs/{nats,redis,postgres,remote}/**/*.test.ts',
  'test/server/authentication/*{away,expiry,issuer,keys,start}.test.ts',
];

/** Tests that measure how a server is served under attack: one after the other, and nothing else meanwhile. `npm run test:abuse` runs them. */
const ALONE = ['test/abuse/**/*.test.ts'];

export default defineConfig({
  // As Node resolves it: vite would take another of graphql's builds, and have two classes of each error.
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...SLOW, ...WAITING, ...ALONE],
        },
      },
      { extends: true, test: { name: 'slow', include: SLOW } },
      { extends: true, test: { name: 'waiting', include: WAITING, maxWorkers: 3, sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
    // Awaited events come at once on an idle machine, and somewhat later on a busy one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A test that asserts nothing can't fail.
    expect: { requireAssertions: true, poll: { timeout: 20_000 } },
    // Two cores: more workers only make sockets wait for each other, unless their tests wait for something else.
    maxWorkers: 2,
  },
});
