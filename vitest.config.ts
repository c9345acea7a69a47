import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // As Node resolves it: vite would take another of graphql's builds, and have two classes of each error.
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] },
  test: {
    include: ['test/**/*.test.ts'],
    // What is waited for comes at once; on a machine that is busy with something else, somewhat later.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A test that asserts nothing can't fail.
    expect: { requireAssertions: true, poll: { timeout: 20_000 } },
    // Two cores: more workers only make sockets wait for each other.
    maxWorkers: 2,
  },
});
