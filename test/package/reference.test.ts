import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('the reference is generated from the types without a warning', { timeout: 120_000 }, async () => {
  await promisify(execFile)('npm', ['run', '--silent', 'reference']);
  const page = readFileSync('dist/reference/classes/index.StreamingMap.html', 'utf8');
  expect(page).toContain('insertMany');
  // Internal members are left out.
  expect(page).not.toContain('itemsRequest');
});
