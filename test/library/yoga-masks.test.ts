/** Yoga's masks show the same errors with the fan-out as without it. */
import { GraphQLError } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { useFanOut } from '../../src/index.ts';
import { transports } from '../support/clients/clients.ts';
import { onSubscribe, SECRET, serveYoga, spyOnFanOut, type YogaOptions } from '../support/library/hooked-servers.ts';
import { createQuotes } from '../support/server/quotes.ts';

afterEach(() => void vi.restoreAllMocks());

describe('masked errors of Yoga', () => {
  const [, sse] = transports;
  const masks: readonly [string, YogaOptions['maskedErrors']][] = [
    ['Yoga’s', true],
    ['none', false],
    ['another message', { errorMessage: 'Oops' }],
    [
      'with the text of what it hides',
      { maskError: (error, message) => new GraphQLError(`${message} ${String(error)}`) },
    ],
  ];
  const failing = [
    'subscription { quotes(limit: 1) { symbol cents } }',
    'subscription { quotes(after: "aaaaaaaaaaaa-11-0000000") { symbol } }',
  ];
  it('errors over SSE are replaced by the mask, even by a non-GraphQL error', async () => {
    const map = await createQuotes();
    await map.insert({ value: { symbol: 'a', price: 0.001 } });
    const maskedErrors = { maskError: () => new Error('hidden') };
    const both = [[useFanOut()], []].map(async (plugins) => serveYoga(map, plugins, { maskedErrors }));
    const query = 'subscription { quotes(limit: 1) { cents } }';
    const [fanned, plain] = (await Promise.all(both)).map((server) => sse!.subscribe(server, query).take(1));
    expect(await fanned).toEqual([{ data: { quotes: { cents: null } }, errors: [{}] }]);
    expect(await plain).toEqual(await fanned);
  });

  describe.each(transports)('with errors masked over $name', ({ subscribe }) => {
    it('an error for which the mask throws is hidden, and the subscription continues', async () => {
      const map = await createQuotes();
      const maskError = (): never => {
        throw new Error(SECRET);
      };
      const server = await serveYoga(map, [useFanOut()], { maskedErrors: { maskError } });
      await map.insert({ value: { symbol: 'a', price: 0.001 } });
      await map.insert({ value: { symbol: 'b', price: 1 } });
      const results = await subscribe(server, 'subscription { quotes(limit: 2) { cents } }').take(2);
      expect(results[0]).toMatchObject({
        data: { quotes: { cents: null } },
        errors: [{ message: 'Unexpected error.' }],
      });
      expect(results[1]).toEqual({ data: { quotes: { cents: 100 } } });
    });

    it.each(masks)('the fan-out shows the same errors as generators with mask: %s', async (_name, maskedErrors) => {
      const served = spyOnFanOut();
      const map = await createQuotes();
      await map.insert({ value: { symbol: 'a', price: 0.001 } });
      for (const query of failing) {
        const servers = [
          await serveYoga(map, [useFanOut()], { maskedErrors: maskedErrors! }),
          await serveYoga(map, [useFanOut(), onSubscribe(() => {})], { maskedErrors: maskedErrors! }),
        ];
        const [fanned, plain] = await Promise.all(servers.map((server) => subscribe(server, query).next()));
        expect(plain).toHaveProperty('errors');
        expect(JSON.parse(JSON.stringify(fanned))).toEqual(JSON.parse(JSON.stringify(plain)));
      }
      expect(served).toHaveBeenCalledTimes(2);
    });
  });
});
