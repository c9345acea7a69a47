import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { InsertItemsDocument } from '../../schema/documents/graphql.ts';
import { ask } from '../support/clients/clients.ts';
import { type Example, startExample } from '../support/processes/examples.ts';
import { temporaryDirectory } from '../support/engines/kept.ts';

/** Each order is a bit of its own, so the sum shows which orders were counted, and how often. */
const orders = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, n) => first + n).map((n) => ({
    key: `order/${n}`,
    value: { customer: 'Ada', cents: 2 ** n },
  }));

async function counted(example: Example, key: string): Promise<void> {
  for (;;) if ((await example.line()).startsWith(`${key}:`)) return;
}

const totalsIn = (directory: string): unknown =>
  (JSON.parse(readFileSync(join(directory, 'totals.json'), 'utf8')) as { totals: unknown }).totals;

it('node-service counts each item once although it and its server are killed and restarted (G1, G2, G4, G7)', async () => {
  const directory = temporaryDirectory();
  const first = await startExample('node-service', '--data', directory);
  await ask(first, InsertItemsDocument, { inputs: orders(0, 19) });
  await counted(first, 'order/3');
  first.signal('SIGKILL');
  await first.exited;

  const second = await startExample('node-service', '--data', directory);
  await ask(second, InsertItemsDocument, { inputs: [...orders(20, 24), { key: 'another', value: 1 }] });
  await counted(second, 'order/24');
  expect(totalsIn(directory)).toEqual({ Ada: 2 ** 25 - 1 });

  second.signal('SIGTERM');
  expect(await second.exited).toEqual({ code: 0, stderr: '' });
});

it('node-service starts over when the server has lost its log', async () => {
  const [kept, lost] = [temporaryDirectory(), temporaryDirectory()];
  const first = await startExample('node-service', '--data', kept);
  await ask(first, InsertItemsDocument, { inputs: orders(0, 1) });
  await counted(first, 'order/1');
  first.signal('SIGTERM');
  await first.exited;
  copyFileSync(join(kept, 'totals.json'), join(lost, 'totals.json'));

  const second = await startExample('node-service', '--data', lost);
  expect(await second.line()).toBe('starts over');
  await ask(second, InsertItemsDocument, { inputs: orders(2, 2) });
  await counted(second, 'order/2');
  expect(totalsIn(lost)).toEqual({ Ada: 4 });
});
