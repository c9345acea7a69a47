import type { GraphQLSchema } from 'graphql';
import type { Observe } from '../operations/operation-observer.ts';
import type { TransportOptions } from '../operations/transport-options.ts';
import type { AllowedOrigins } from '../protocol/allowed-origins.ts';
import type { GraphiQLPage } from './graphiql.ts';
import type { OpenStreams } from '../streaming/open-streams.ts';

export interface HttpOptions extends TransportOptions {
  readonly schema: GraphQLSchema;
  readonly streams: OpenStreams;
  /** Undefined: GraphiQL is not served. */
  readonly graphiql: GraphiQLPage | undefined;
  readonly introspection: boolean;
  readonly allowed: AllowedOrigins;
  readonly keepAliveMs: number;
  /** Whether no more streams may open. */
  readonly isFull: () => boolean;
  readonly observe: Observe;
}
