import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('the reference is written from the types, without a warning', { timeout: 120_000 }, async () => {
  await promisify(execFile)('npm', ['run', '--silent', 'reference']);
  const page = readFileSync('dist/reference/classes/index.StreamingMap.html', 'utf8');
  expect(page).toContain('insertMany');
  // What is for this package alone is not in it.
  expect(page).not.toContain('itemsRequest');
});
