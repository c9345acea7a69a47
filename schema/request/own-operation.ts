/** What one operation of a user's server carries: the streams of a schema share it, as the server's own transports do it for theirs. */
import type { GraphQLResolveInfo } from 'graphql';
import type { DeliveryScheduler } from '../../src/core/subscriptions/scheduler.ts';
import { AnswerBudget } from './answer-budget.ts';
import type { Caller } from './caller.ts';
import { type Context, RENDERED_FOR_MANY } from './context.ts';
import { asGraphQL } from './errors.ts';
import { RootReads } from './root-reads.ts';
import { transportContextOf } from './transport-context.ts';

/** What a caller may do with a stream. What is left out is allowed. */
export interface StreamScope {
  /** The caller sees and writes only keys with this prefix. End it with a separator: `a:` is no prefix of `ab:1`. @default every key */
  readonly keyPrefix?: string;
  /** @default true */
  readonly mayRead?: boolean;
  /** @default true */
  readonly mayWrite?: boolean;
}

type ScopeOf = (context: object) => StreamScope;

interface OperationState {
  readonly reads: RootReads;
  readonly budget: AnswerBudget;
}

/**
 * The state of each operation that runs. graphql-js makes the object of the variables' values for each execution, whereas servers share
 * contexts and documents between operations.
 */
export class OperationStates {
  readonly #states = new WeakMap<object, OperationState>();

  /** The operation that a resolver belongs to. */
  of(context: object, info: GraphQLResolveInfo, scheduler: DeliveryScheduler, scopeOf: ScopeOf | undefined): Context {
    if (isRenderedForMany(context)) return context;
    const { variableValues } = info;
    const { delivery = {}, ...transport } = asGraphQL(() => transportContextOf(context));
    let state = this.#states.get(variableValues);
    if (!state) {
      state = { reads: new RootReads({ scheduler, signal: transport.signal }), budget: new AnswerBudget() };
      this.#states.set(variableValues, state);
    }
    const { reads, budget } = state;
    return {
      ...transport,
      delivery,
      reads,
      budget,
      get caller() {
        return callerOf(scopeOf?.(context) ?? {});
      },
    };
  }
}

/** A user's server may execute without a context. */
const isRenderedForMany = (context: object | null | undefined): context is Context =>
  typeof context === 'object' && context !== null && RENDERED_FOR_MANY in context;

/** A member that is there with a value of another type grants nothing: `{ keyPrefix: undefined }` must not open every key. */
function callerOf(scope: StreamScope): Caller {
  const { keyPrefix = '', ...given } = scope as Readonly<Record<string, unknown>>;
  if (typeof keyPrefix !== 'string' || ('keyPrefix' in scope && scope.keyPrefix === undefined) || 'then' in scope)
    throw new TypeError('`scope` must return an object whose keyPrefix, if it has one, is a string');
  const may = (right: 'mayRead' | 'mayWrite') => (): boolean => !(right in given) || given[right] === true;
  return { keyPrefix, mayRead: may('mayRead'), mayWrite: may('mayWrite'), spend: () => {} };
}
