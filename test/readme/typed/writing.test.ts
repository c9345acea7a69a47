/** docs/writing.md, typed from top to bottom, and the example of docs/errors.md. */
import { expect, it, vi } from 'vitest';
import { blocks } from '../../support/documents/blocks.ts';
import { complaintsOf } from '../../support/documents/readme.ts';
import { continued, Transcript } from '../../support/documents/transcript.ts';
import { isMissing } from '../../support/processes/programs.ts';
import { startServer } from '../../support/server/server.ts';

/** Several processes start, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

const ofPage = blocks.filter(({ page }) => page === 'docs/writing.md');
const snippets = ofPage.filter(({ language }) => language === 'ts');
const setup = snippets.find(({ title }) => title === 'Client setup')?.code ?? '';

it.skipIf(isMissing('curl'))(
  'each command and snippet of docs/writing.md prints what the page shows (G7, G11)',
  async () => {
    const titles = [
      'Client setup',
      'Insert',
      'Batches',
      'Expiry',
      'Insert if absent',
      'Update if unchanged',
      'CONFLICT',
      'Retries and idempotency keys',
      'Remove',
      'Query one item',
      'Paging',
      'Query, then subscribe',
      'Filters',
      'Errors in clients',
    ];
    expect([...new Set(ofPage.map(({ title }) => title))]).toEqual(titles);
    const { url } = await startServer();
    const transcript = new Transcript(url, setup);
    for (const block of ofPage) await transcript.run(block);
  },
);

it.skipIf(isMissing('curl'))('docs/errors.md, Format: the request prints the error that the page shows', async () => {
  const example = blocks.filter(({ page, title }) => page === 'docs/errors.md' && title === 'Format');
  expect(example).toHaveLength(2);
  const { url } = await startServer();
  const transcript = new Transcript(url, '');
  for (const block of example) await transcript.run(block);
});

it('the snippets of docs/writing.md pass a strict type check', async () => {
  expect(snippets.length).toBeGreaterThan(10);
  const codes = snippets.map(({ title, code }) => [title, continued(code, setup)]);
  // Node has this level. A snippet that awaits is a module.
  expect(await complaintsOf(Object.fromEntries(codes), 'es2024')).toBe('');
});
