/** The plugin that gives a Yoga server, ours or a user's, its SSE and multipart responses, by the fan-out where it may deliver. */
import type { ExecutionArgs, ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { isAsyncIterable, MEDIA_TYPES, streamResponse, type StreamParts, transportOf } from './stream-response.ts';

type ResultProcess = Parameters<NonNullable<Plugin['onResultProcess']>>[0];

type Passed = 'context' | 'share' | 'unread' | 'fail' | 'register' | 'isPassedOn';

/** What the plugin needs to know of one response. */
export interface StreamedResult extends Pick<StreamParts, Passed> {
  /** For the results as they are when the response is made. */
  readonly fanOutOf: (results: object) => StreamParts['fanOut'];
}

export interface StreamServer extends Pick<StreamParts, 'keepAliveMs' | 'stringify'> {
  /** Called before an operation is subscribed to. */
  begin(args: ExecutionArgs): void;
  /** Undefined: Yoga makes the response. */
  streamed(process: ResultProcess, transport: 'sse' | 'multipart'): StreamedResult | undefined;
}

export function streamPlugin(server: StreamServer): Plugin {
  const { keepAliveMs, stringify } = server;
  return {
    onSubscribe: ({ args }) => server.begin(args),
    onResultProcess(process) {
      const { request, result, serverContext, setResultProcessor } = process;
      if (Array.isArray(result)) return;
      const transport = transportOf(request.headers.get('accept'), isAsyncIterable(result));
      const streamed = transport && server.streamed(process, transport);
      if (!streamed) return;
      const { fanOutOf, ...others } = streamed;
      const { res } = serverContext as { res?: unknown };
      const parts = { ...others, keepAliveMs, stringify, signal: request.signal, res };
      // Yoga gives it what the hooks after this one have left.
      const respond = (results: object): Response => {
        const result = results as ExecutionResult | AsyncIterable<ExecutionResult>;
        return streamResponse(transport, { ...parts, result, fanOut: fanOutOf(results) });
      };
      setResultProcessor(respond, MEDIA_TYPES[transport]);
    },
  };
}
