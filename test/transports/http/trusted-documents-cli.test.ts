/** `--trusted-documents FILE`, and the command line's own clients against it. */
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ItemChangesDocument, ItemsDocument } from '../../../schema/documents/graphql.ts';
import { runCli, serveCli } from '../../support/processes/processes.ts';
import { JSON_BODY } from '../../support/clients/requests.ts';

/** What `seamline insert` sends. */
const INSERT = 'mutation Insert($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { __typename } }';
const SIZE = '{ stream { size } }';

function fileOf(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'manifest-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, 'documents.json');
  writeFileSync(file, text);
  return file;
}

const manifestOf = (...documents: readonly (string | object)[]): string =>
  JSON.stringify(
    Object.fromEntries(
      documents.map((text) => [createHash('sha256').update(String(text)).digest('hex'), String(text)]),
    ),
  );

async function ask(url: string, body: object): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers: JSON_BODY, body: JSON.stringify(body) });
  return response.json();
}

describe('--trusted-documents', () => {
  it('--trusted-documents serves the documents of the file and no others, also by environment', async () => {
    const file = fileOf(manifestOf(SIZE));
    const byFlag = await serveCli(['--port', '0', '--trusted-documents', file]);
    const byEnvironment = await serveCli(['--port', '0'], { SEAMLINE_TRUSTED_DOCUMENTS: file });
    for (const { url } of [byFlag, byEnvironment]) {
      expect(await ask(url, { query: SIZE })).toEqual({ data: { stream: { size: 0 } } });
      expect(await ask(url, { query: '{ stream { epoch } }' })).toMatchObject({
        errors: [{ extensions: { code: 'FORBIDDEN' } }],
      });
    }
  });

  it.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['a list', '["{ stream { size } }"]'],
    ['null', 'null'],
    ['a text', '"{ stream { size } }"'],
    ['documents that are no text', '{"a":1}'],
    ['documents within documents', '{"a":{"document":"{ stream { size } }"}}'],
  ])('of %s is one line and exit 2', async (_what, text) => {
    const { code, stdout, stderr } = await runCli(['--port', '0', '--trusted-documents', fileOf(text)]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(linesOf(stderr)).toHaveLength(1);
    expect(stderr).toMatch(/trusted-?documents/i);
  });

  it('--trusted-documents with a missing file, or a directory, prints one line and exits with 2', async () => {
    for (const file of [join(tmpdir(), 'not', 'there.json'), tmpdir()]) {
      const { code, stderr } = await runCli(['--port', '0', '--trusted-documents', file]);
      expect(code).toBe(2);
      expect(linesOf(stderr)).toHaveLength(1);
      expect(stderr).toMatch(/trusted-documents/);
    }
  });

  it('`insert` and `tail` work when the manifest holds their documents', async () => {
    const file = fileOf(manifestOf(INSERT, ItemsDocument, ItemChangesDocument));
    const { url } = await serveCli(['--port', '0', '--trusted-documents', file]);
    const lines = ['{"key":"a","value":1}', '{"key":"b","value":2}'].join('\n');
    expect(await runCli(['insert', '--url', url], {}, lines)).toMatchObject({ code: 0 });
    const { code, stdout } = await runCli(['tail', '--url', url, '--limit', '2']);
    expect(code).toBe(0);
    expect(linesOf(stdout).map((line) => (JSON.parse(line) as { key: string }).key)).toEqual(['a', 'b']);
  });

  it('`insert` and `tail` print one line and give up when the manifest lacks their documents', async () => {
    const { url } = await serveCli(['--port', '0', '--trusted-documents', fileOf(manifestOf(SIZE))]);
    const inserted = await runCli(['insert', '--url', url], {}, '{"key":"a","value":1}\n');
    const tailed = await runCli(['tail', '--url', url, '--limit', '1']);
    for (const { code, stderr } of [inserted, tailed]) {
      expect(code).toBe(1);
      expect(stderr).toMatch(/trusted documents/);
    }
  });
});

const linesOf = (text: string): string[] => text.split('\n').filter(Boolean);
