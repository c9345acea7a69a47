/** The results of a subscription over graphql-transport-ws, in our server and in a user's. */
import type { ExecutionResult } from 'graphql';
import { type GeneratorSource, WrappedGenerator } from '../../core/subscriptions/wrapped-generator.ts';
import type { FanOut } from '../../fanout/fan-out.ts';
import { MessageFraming } from '../../fanout/framing.ts';
import type { Outlet } from '../../fanout/outlet.ts';
import { fanOutResults } from './fan-out-results.ts';
import { type ResultContext, withCursor } from './operation.ts';

export interface MessageResultsOptions {
  /** The operation's id. */
  readonly id: string;
  readonly context: ResultContext;
  /** Undefined where the generator must deliver. */
  readonly fanOut: FanOut | undefined;
  readonly outlet: Outlet | undefined;
  /** Throws the error of a subscription that the fan-out can't continue. */
  readonly fail: (error: unknown) => never;
  /** The error to throw in place of the generator's. */
  readonly onError?: ((error: unknown) => unknown) | undefined;
  /** Called once. */
  readonly onEnd?: (() => void) | undefined;
}

/** What graphql-ws iterates over: it yields nothing where the fan-out writes the results, else those of the generator with their cursors. */
export function messageResults(
  generated: GeneratorSource<ExecutionResult>,
  { id, context, fanOut, outlet, fail, onError, onEnd }: MessageResultsOptions,
): AsyncGenerator<ExecutionResult, void, void> {
  const framing = new MessageFraming(id, context);
  const written = fanOut && outlet && fanOutResults({ fanOut, context, outlet, framing, fail, onEnd });
  return (
    written ?? new WrappedGenerator(generated, { onNext: (result) => withCursor(result, context), onError, onEnd })
  );
}
