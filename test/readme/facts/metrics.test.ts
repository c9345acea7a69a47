/** docs/metrics.md, compared with `/metrics` of a running server. */
import { describe, expect, it } from 'vitest';
import { urlOf } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { codesIn, rowsOf } from '../../support/tables.ts';

const PAGE = 'docs/metrics.md';

describe('docs/metrics.md', () => {
  const rows = rowsOf(PAGE);
  const metrics = async (): Promise<string> => (await fetch(urlOf(await startServer(), '/metrics'))).text();

  it('each metric has a row with its type, and each row names a metric', async () => {
    const lines = (await metrics()).matchAll(/^# TYPE (\w+) (\w+)$/gm);
    const types = new Map([...lines].map(([, name = '', type = '']) => [name, type]));
    const listed = rows.map(([name, type = '']) => [codesIn(name)[0], type]);
    expect(listed).toHaveLength(new Set(listed.map(([name]) => name)).size);
    // Linux alone has these, so elsewhere a row may be left over.
    const onLinux = /^process_(?:virtual_memory_bytes|heap_bytes|open_fds|max_fds)$/;
    const here = listed.filter(([name = '']) => types.has(name) || !onLinux.test(name));
    expect(Object.fromEntries(here)).toEqual(Object.fromEntries(types));
  });

  it('each label that a metric has is in its row', async () => {
    const text = await metrics();
    const labels = new Map(rows.map(([name, , cell]) => [codesIn(name)[0], new Set(codesIn(cell))]));
    const used = [...text.matchAll(/^(\w+?)(?:_bucket|_sum|_count)?\{(.*)\} /gm)].flatMap(([, name = '', inner = '']) =>
      [...inner.matchAll(/(\w+)="/g)].map(([, label = '']) => ({ name, label })),
    );
    expect(used.length).toBeGreaterThan(10);
    const isKnown = ({ name, label }: { name: string; label: string }): boolean =>
      label === 'le' || labels.get(name)?.has(label) === true;
    expect(used.filter((one) => !isKnown(one))).toEqual([]);
  });

  it('each metric of seamline has a reason to alert', () => {
    const own = rowsOf(PAGE, 'seamline');
    expect(own.length).toBeGreaterThan(5);
    expect(own.filter(([, , , meaning, alert]) => !meaning || !alert)).toEqual([]);
  });
});
