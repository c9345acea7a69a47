/** A urql client as in an app, and the results of its operations, in order. */
import { Client, type Exchange, fetchExchange, type OperationResult, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import { onTestFinished } from 'vitest';
import { onEnd, type Source, subscribe } from 'wonka';
import { WebSocket } from 'ws';
import { resumeExchange } from '../../../src/client/urql/urql.ts';

export interface UrqlTransport {
  readonly name: string;
  /** A client that hides failures of the network. */
  client(url: string, options?: UrqlOptions): Client;
}

export interface UrqlOptions {
  readonly onReset?: () => void;
  readonly retryWait?: (retries: number) => Promise<void>;
  /** Exchanges before resumeExchange. */
  readonly before?: readonly Exchange[];
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const urqlOverWebSocket: UrqlTransport = {
  name: 'subscriptionExchange and graphql-ws',
  client(url, { before = [], ...options } = {}) {
    const socket = createClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: Infinity,
      shouldRetry: () => true,
      retryWait: soon,
    });
    // `dispose` rejects during a reconnect.
    onTestFinished(() => Promise.resolve(socket.dispose()).catch(() => {}));
    const overSocket = subscriptionExchange({
      forwardSubscription: ({ query = '', ...request }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query }, sink as never) }),
      }),
    });
    return new Client({ url, exchanges: [...before, resumeExchange(options), overSocket, fetchExchange] });
  },
};

export const urqlOverSse: UrqlTransport = {
  name: 'fetchExchange with fetchSubscriptions',
  client: (url, { before = [], ...options } = {}) =>
    new Client({
      url,
      fetchSubscriptions: true,
      exchanges: [...before, resumeExchange({ retryWait: soon, ...options }), fetchExchange],
    }),
};

export const urqlTransports: readonly UrqlTransport[] = [urqlOverWebSocket, urqlOverSse];

/** The key of the item that a result of `items` brings. */
export const keyOf = (result: { data?: unknown } | undefined): string | undefined =>
  (result?.data as { items?: { key: string } } | undefined)?.items?.key;

/** The results of a source, from the call to its end. */
export interface Results {
  /** The next result that has not been taken; undefined when the source has ended. */
  next(): Promise<OperationResult | undefined>;
  /** Takes results up to the first that fulfils the condition. */
  until(isIt: (result: OperationResult) => boolean): Promise<OperationResult>;
  leave(): void;
}

export function resultsOf(source: Source<OperationResult>): Results {
  const arrived: OperationResult[] = [];
  let hasEnded = false;
  let wake = (): void => {};
  const { unsubscribe } = subscribe((result: OperationResult) => {
    arrived.push(result);
    wake();
  })(
    onEnd<OperationResult>(() => {
      hasEnded = true;
      wake();
    })(source),
  );
  onTestFinished(unsubscribe);

  const next = async (): Promise<OperationResult | undefined> => {
    while (arrived.length === 0 && !hasEnded) await new Promise<void>((resolve) => (wake = resolve));
    return arrived.shift();
  };
  return {
    next,
    async until(isIt) {
      for (let result = await next(); result; result = await next()) if (isIt(result)) return result;
      throw new Error('ended before');
    },
    leave: unsubscribe,
  };
}

/** A fetch whose response is held until it is released. */
export function heldFetch() {
  const [going, answer, release] = [
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
  ];
  let isHeldBack = false;
  return {
    /** The request is sent at `send`. */
    holdBack: () => void (isHeldBack = true),
    send: () => going.resolve(),
    /** Resolves when the server has answered. */
    answered: answer.promise,
    release: () => release.resolve(),
    fetch: async (...args: Parameters<typeof fetch>): Promise<Response> => {
      if (isHeldBack) await going.promise;
      const response = await fetch(...args);
      const text = await response.text();
      answer.resolve();
      await release.promise;
      return new Response(text, response);
    },
  };
}
