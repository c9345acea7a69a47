/** Plugins of a user's Yoga server see and replace the same results with the fan-out as without it. */
import type { Plugin } from 'graphql-yoga';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { useFanOut } from '../../src/index.ts';
import { transports } from '../support/clients/clients.ts';
import {
  mapped,
  onSubscribe,
  QUERY,
  REDACTED,
  redacted,
  type Results,
  SECRET,
  secretQuotes,
  serveYoga,
  spyOnFanOut,
} from '../support/library/hooked-servers.ts';

afterEach(() => void vi.restoreAllMocks());

describe('hooks of Yoga', () => {
  const everywhere: readonly [string, Plugin][] = [
    [
      'onNext',
      onSubscribe(() => ({
        onSubscribeResult: () => ({ onNext: ({ result, setResult }) => setResult(redacted(result)) }),
      })),
    ],
    [
      'onSubscribeResult',
      onSubscribe(() => ({ onSubscribeResult: ({ result, setResult }) => setResult(mapped(result)) })),
    ],
    [
      'setSubscribeFn',
      onSubscribe(({ subscribeFn, setSubscribeFn }) =>
        setSubscribeFn((async (args: never) => mapped(await (subscribeFn as (args: never) => unknown)(args))) as never),
      ),
    ],
  ];
  const http: readonly [string, Plugin][] = [
    ['onExecutionResult', { onExecutionResult: ({ result, setResult }) => setResult(mapped(result)) }],
    ['onResultProcess', { onResultProcess: ({ result, setResult }) => setResult(mapped(result)) }],
    [
      'onParams',
      {
        onParams: ({ paramsHandler, setParamsHandler }) =>
          setParamsHandler(async (payload) => mapped(await paramsHandler(payload))),
      },
    ],
    [
      'a patched iterator',
      {
        onExecutionResult({ result }) {
          const results = result as Results;
          const next = results.next.bind(results);
          results.next = async () => redacted(await next());
        },
      },
    ],
    [
      'onResponse',
      {
        onResponse({ response, setResponse }) {
          const texts = new TransformStream<string, string>({
            transform: (text, controller) => controller.enqueue(text.replaceAll(SECRET, '***')),
          });
          const body = response.body
            ?.pipeThrough(new TextDecoderStream())
            .pipeThrough(texts)
            .pipeThrough(new TextEncoderStream());
          setResponse(new Response(body as never, response));
        },
      },
    ],
    [
      'setRequestHandler',
      {
        onRequest: ({ requestHandler, setRequestHandler }) =>
          setRequestHandler(async (request, context) => {
            const response = await requestHandler(request, context);
            const reader = response.body!.getReader();
            const body = new ReadableStream<Uint8Array>({
              async pull(controller) {
                const { value, done } = await reader.read();
                if (done) return controller.close();
                controller.enqueue(new TextEncoder().encode(new TextDecoder().decode(value).replaceAll(SECRET, '***')));
              },
            });
            return new Response(body, { headers: response.headers });
          }),
      },
    ],
  ];
  const orders: readonly [string, (other: Plugin) => Plugin[]][] = [
    ['before', (other) => [other, useFanOut()]],
    ['after', (other) => [useFanOut(), other]],
  ];
  const [webSocket, sse] = transports;

  describe.each(orders)('a plugin %s', (_order, plugins) => {
    it.each([...everywhere, ...http])('a plugin replaces results over SSE by `%s`', async (_name, plugin) => {
      const served = spyOnFanOut();
      const server = await serveYoga(await secretQuotes(), plugins(plugin));
      expect(await sse!.subscribe(server, QUERY).take(1)).toEqual([REDACTED]);
      expect(served).not.toHaveBeenCalled();
    });

    it.each(everywhere)('a plugin replaces results over WebSocket by `%s`', async (_name, plugin) => {
      const served = spyOnFanOut();
      const server = await serveYoga(await secretQuotes(), plugins(plugin));
      expect(await webSocket!.subscribe(server, QUERY).take(1)).toEqual([REDACTED]);
      expect(served).not.toHaveBeenCalled();
    });

    it.each(transports)('a plugin counts results and ends over $name', async ({ subscribe }) => {
      const counts = { results: 0, ends: 0 };
      const server = await serveYoga(
        await secretQuotes(),
        plugins(
          onSubscribe(() => ({
            onSubscribeResult: () => ({
              onNext: () => void counts.results++,
              onEnd: () => void counts.ends++,
            }),
          })),
        ),
      );
      const feed = subscribe(server, QUERY);
      await feed.next();
      expect(await feed.next()).toBeUndefined();
      expect(counts).toEqual({ results: 1, ends: 1 });
    });

    it('a plugin can answer with its own result processor', async () => {
      const own: Plugin = {
        onResultProcess: ({ setResultProcessor }) =>
          setResultProcessor(async (results) => {
            const all: unknown[] = [];
            for await (const result of results as Results) all.push(result);
            return new Response(JSON.stringify(all));
          }, 'text/event-stream'),
      };
      const server = await serveYoga(await secretQuotes(), plugins(own));
      const response = await fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ query: QUERY }),
      });
      expect(await response.json()).toEqual([{ data: { quotes: { symbol: SECRET } } }]);
    });

    it('a plugin can read a copy of a response at any time', async () => {
      const copies: Response[] = [];
      const server = await serveYoga(
        await secretQuotes(),
        plugins({ onResponse: ({ response }) => void copies.push(response.clone()) }),
      );
      expect(await sse!.subscribe(server, QUERY).take(1)).toEqual([{ data: { quotes: { symbol: SECRET } } }]);
      expect(await copies[0]?.text()).toContain(SECRET);
    });
  });

  it.each(transports)('streams whose results no plugin sees are fanned out over $name', async ({ subscribe }) => {
    const served = spyOnFanOut();
    const seen = vi.fn<() => void>();
    const server = await serveYoga(await secretQuotes(), [
      { onParse: seen, onValidate: seen, onContextBuilding: seen, onExecute: seen, onResponse: seen },
      useFanOut(),
      { onExecutionResult: seen, onResultProcess: seen },
    ]);
    const feed = subscribe(server, QUERY);
    expect(await feed.next()).toEqual({ data: { quotes: { symbol: SECRET } } });
    expect(await feed.next()).toBeUndefined();
    expect(seen).toHaveBeenCalled();
    expect(served).toHaveBeenCalledOnce();
  });
});
