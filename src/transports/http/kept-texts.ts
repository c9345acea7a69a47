/** Without fan-out each subscription keeps its own document and variables. With fan-out its group does. */
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { WrappedGenerator } from '../../core/subscriptions/wrapped-generator.ts';
import { KeptTexts } from '../../fanout/kept-texts.ts';
import { isAsyncIterable } from '../streaming/stream-response.ts';
import type { HttpOptions } from './http-options.ts';

type Results = AsyncGenerator<ExecutionResult, void, void>;

/** For all transports, because all subscribe through Yoga's envelope. */
export function keptTexts({ fanOutOf }: HttpOptions): Plugin {
  if (fanOutOf) return {};
  const texts = new KeptTexts();
  return {
    onSubscribe({ args, setResultAndStopExecution }) {
      try {
        texts.add(args, args);
      } catch (error) {
        setResultAndStopExecution({ errors: [error as GraphQLError] });
        return undefined;
      }
      const onEnd = (): void => texts.remove(args);
      return {
        onSubscribeResult({ result, setResult }) {
          if (isAsyncIterable(result)) setResult(new WrappedGenerator(result as Results, { onEnd }));
          else onEnd();
        },
        onSubscribeError: onEnd,
      };
    },
  };
}
