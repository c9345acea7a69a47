import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, it } from 'vitest';
import { runExample } from '../support/processes/examples.ts';

const names = globSync('examples/*/README.md').map((file) => basename(file.replace('/README.md', '')));

it('npm run example lists the examples when the name is unknown', async () => {
  const { code, stderr } = await runExample('angular');
  expect(code).toBe(2);
  expect(names.length).toBeGreaterThan(3);
  for (const name of names) expect(stderr).toContain(`  ${name} `);
});

it.each([[['node-service', '--port', 'http']], [['node-service', '--colour']], [['node-service', 'event-source']]])(
  'npm run example refuses the arguments %j with exit code 2',
  async (args) => {
    const { code, stderr } = await runExample(...args);
    expect(code).toBe(2);
    expect(stderr).toContain('npm run example -- NAME');
  },
);
