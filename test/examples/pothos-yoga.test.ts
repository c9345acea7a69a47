import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ask, request, transports } from '../support/clients/clients.ts';
import { startExample } from '../support/processes/examples.ts';

const INSERT = 'mutation ($price: Float!) { insertQuote(input: { symbol: "ACME", price: $price }) { price } }';
const [, overSse] = transports;

it('pothos-yoga streams current quotes first, and refuses an invalid quote (G1, G8)', async () => {
  const example = await startExample('pothos-yoga');
  await ask(example, INSERT, { price: 12.5 });
  // The map holds two quotes.
  const feed = overSse!.subscribe(example, 'subscription { quotes(limit: 2) { symbol price } }');
  expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'ACME', price: 12.5 } } });

  const { errors } = await request(example, INSERT, { price: -1 });
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path: ['input', 'price'] }] });
  await ask(example, INSERT, { price: 13 });
  expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'ACME', price: 13 } } });
  expect(await feed.next()).toBeUndefined();

  example.signal('SIGTERM');
  expect(await example.exited).toEqual({ code: 0, stderr: '' });
});

it('pothos-yoga has ten lines', () => {
  const [program = ''] = readFileSync('examples/pothos-yoga/main.ts', 'utf8').split('// That’s all.');
  const lines = program.split('\n').filter((line) => line !== '' && !/^(?:import |\/\/)/.test(line));
  expect(lines).toHaveLength(10);
});
