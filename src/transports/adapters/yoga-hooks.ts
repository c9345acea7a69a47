/** What a user's Yoga does with the results of a subscription, compared to a Yoga without plugins. */
import { GraphQLError, type OperationDefinitionNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { emptySource } from '../../../schema/request/context.ts';
import { toGraphQLError } from '../../../schema/request/errors.ts';
import { isGraphQLError } from '../protocol/errors.ts';
import type { ErrorsShown } from '../operations/user-operation.ts';

export type Yoga = Parameters<NonNullable<Plugin['onYogaInit']>>[0]['yoga'];
type ResultProcessor = Parameters<NonNullable<Plugin['onResultProcess']>>[0]['resultProcessor'];

interface MaskedErrors {
  readonly maskError: (error: unknown, message: string, isDev?: boolean) => unknown;
  readonly errorMessage: string;
  readonly isDev?: boolean;
}

/** Members that Yoga's typings don't have. */
interface Inside {
  readonly plugins: readonly (Plugin | false)[];
  /** Null: errors are shown as they are. */
  readonly maskedErrorsOpts: MaskedErrors | null;
}

/**
 * Envelop shows no plugin what another plugin's `onSubscribe` returns. Any such hook that a server without plugins doesn't have may see,
 * replace or count results.
 */
export class YogaHooks implements ErrorsShown {
  /** Whether results leave the envelope without passing another plugin. */
  readonly isTransparent: boolean;
  readonly #inside: Inside;
  readonly #processors = new Set<string>();

  constructor(yoga: Yoga) {
    this.#inside = yoga as unknown as Inside;
    const bare = bareOf(yoga);
    // One more is useFanOut's.
    this.isTransparent = countSubscribing(this.#inside) === countSubscribing(bare) + 1;
    for (const plugin of bare.plugins) {
      for (const accept of plugin ? ['text/event-stream', 'multipart/mixed', 'application/json'] : [])
        void (plugin as Plugin).onResultProcess?.({
          request: new Request('http://localhost', { headers: { accept } }),
          result: emptySource(),
          setResult: () => {},
          acceptableMediaTypes: [],
          setResultProcessor: (processor) => void this.#processors.add(String(processor)),
          serverContext: {} as never,
        });
    }
  }

  /** Whether the processor is one of Yoga's own, and none that a plugin has set. */
  isOwn(processor: ResultProcessor): boolean {
    return processor === undefined || this.#processors.has(String(processor));
  }

  readonly inResult = (error: unknown): unknown => this.#masked(asMadeByYoga(error));

  readonly atEnd = (error: unknown, operation: OperationDefinitionNode | undefined): unknown => {
    const known = toGraphQLError(error);
    const originalError = known instanceof Error ? known : new Error(String(known));
    // As Yoga's executor wraps a generator's error.
    const nodes = operation && [operation];
    return this.#masked(new GraphQLError(originalError.message, { originalError, nodes }));
  };

  #masked(error: unknown): unknown {
    const { maskedErrorsOpts: masked } = this.#inside;
    if (!masked) return error;
    try {
      return masked.maskError(error, masked.errorMessage, masked.isDev);
    } catch {
      // The error stays hidden, and the mask's own error must not end the other subscribers that are rendered now.
      return new GraphQLError(masked.errorMessage, { extensions: { code: 'INTERNAL_SERVER_ERROR' } });
    }
  }
}

/**
 * For a value of another type than its field's, graphql-js throws a GraphQLError, which masks take for one that is meant to be seen; Yoga's
 * executor throws an Error. A GraphQLError that a resolver threw has extensions.
 */
function asMadeByYoga(error: unknown): unknown {
  if (!isGraphQLError(error) || !isGraphQLError(error.originalError)) return error;
  const { message, nodes, source, positions, path, originalError } = error;
  if (Object.keys(originalError.extensions).length > 0) return error;
  return new GraphQLError(message, { nodes, source, positions, path, originalError: new Error(message) });
}

/** A server of the same Yoga without plugins. */
function bareOf(yoga: Yoga): Inside {
  const { maskedErrorsOpts } = yoga as unknown as Inside;
  const Server = yoga.constructor as new (options: object) => Inside;
  return new Server({ logging: false, maskedErrors: maskedErrorsOpts !== null });
}

function countSubscribing({ plugins }: Inside): number {
  return plugins.filter((plugin) => plugin && plugin.onSubscribe).length;
}
