/** What a server that isn't ours needs to deliver its streams from positions. */
import {
  type ExecutionArgs,
  type ExecutionResult,
  getOperationAST,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { FanOutRequest, Operation } from '../../../schema/request/context.ts';
import { OPERATIONS, type TransportOperation, TRANSPORT_CONTEXT } from '../../../schema/request/transport-context.ts';
import type { Source } from '../../core/subscriptions/items.ts';
import { FanOut } from '../../fanout/fan-out.ts';
import { isShareable, isShared } from '../../fanout/sharing.ts';
import { resultContext, type ResultContext, type ResultContextParts } from './operation.ts';

/** How a server shows what fails: each error of a result, and the error that ends a subscription. */
export interface ErrorsShown {
  readonly inResult: (error: unknown) => unknown;
  readonly atEnd: (error: unknown, operation: OperationDefinitionNode | undefined) => unknown;
}

/** The fan-outs of one server: one for each schema and map. */
export class FanOuts {
  readonly #format: (result: ExecutionResult) => string;
  readonly #bySchema = new WeakMap<GraphQLSchema, WeakMap<Source<unknown>, FanOut>>();

  /** `format`: the JSON of a result. */
  constructor(format: (result: ExecutionResult) => string) {
    this.#format = format;
  }

  /** Undefined: a generator delivers. */
  of({ schema, context }: UserOperation): FanOut | undefined {
    const source = context?.fanOutRequest?.source;
    if (!schema || !source) return undefined;
    const bySource = this.#bySchema.get(schema) ?? new WeakMap<Source<unknown>, FanOut>();
    this.#bySchema.set(schema, bySource);
    let fanOut = bySource.get(source);
    if (!fanOut) bySource.set(source, (fanOut = new FanOut({ schema, source, format: this.#format, isShared })));
    return fanOut;
  }
}

/** What one operation has of ours, from when one of our streams asks for it: of others nothing is read. */
export class UserOperation implements TransportOperation {
  schema: GraphQLSchema | undefined;
  definition: OperationDefinitionNode | undefined;
  /** Undefined: no stream of ours has asked. */
  context: ResultContext | undefined;
  readonly #parts: () => ResultContextParts;
  readonly #mayHandOver: boolean;
  #fanOutRequest: FanOutRequest | undefined;
  #vouched: Vouched | undefined;

  /** `mayHandOver`: whether the client can be written to beside the server. */
  constructor(parts: () => ResultContextParts, mayHandOver: boolean) {
    this.#parts = parts;
    this.#mayHandOver = mayHandOver;
  }

  /** To be called before the operation is subscribed to. */
  begin(args: ExecutionArgs): void {
    const { schema, document, operationName, variableValues } = args;
    const operation = { document, operationName, variableValues: variableValues as Operation['variableValues'] };
    this.schema = schema;
    this.definition = getOperationAST(document, operationName) ?? undefined;
    if (!this.#mayHandOver || !isPlain(args)) return;
    this.#fanOutRequest = {
      operation,
      accepts: (asked) => asked === this.definition && isShareable(schema, operation),
    };
  }

  /** Throws `BadInputError` for what the client has asked for. */
  ask(): ResultContext {
    return (this.context ??= resultContext({ ...this.#parts(), fanOutRequest: this.#fanOutRequest }));
  }

  /** These are the results as their executor made them: nobody has replaced any, nor waits for them to pass or to end. */
  vouch(results: object, errors: ErrorsShown): void {
    this.#vouched = { results, methods: methodsOf(results), errors };
  }

  /** Undefined: these aren't the results that were vouched for, or somebody has changed them, so they must deliver. */
  vouchedFor(results: object): ErrorsShown | undefined {
    if (this.#vouched?.results !== results) return undefined;
    const { methods, errors } = this.#vouched;
    return methodsOf(results).every((method, at) => method === methods[at]) ? errors : undefined;
  }
}

interface Vouched {
  readonly results: object;
  readonly methods: readonly unknown[];
  readonly errors: ErrorsShown;
}

function methodsOf(results: object): readonly unknown[] {
  const { next, return: leave, throw: fail, [Symbol.asyncIterator]: iterate } = results as AsyncGenerator;
  return [next, leave, fail, iterate];
}

/** What rendering knows of. A `fieldResolver`, hooks of the execution or a signal of the user's make it graphql-js's. */
const PLAIN = new Set(['schema', 'document', 'rootValue', 'contextValue', 'variableValues', 'operationName']);

function isPlain(args: ExecutionArgs): boolean {
  for (const name in args) if (!PLAIN.has(name) && args[name as keyof ExecutionArgs] != null) return false;
  return true;
}

/** In a context that belongs to one operation. */
export function attachOperation(context: object, operation: UserOperation): void {
  Object.assign(context, { [TRANSPORT_CONTEXT]: () => operation.ask() });
}

/** Where contexts may be shared: what is run in it finds the operation of its operation, also after an `await`. */
export function operationStorage(): AsyncLocalStorage<TransportOperation> {
  const holder = globalThis as { [OPERATIONS]?: AsyncLocalStorage<TransportOperation> };
  return (holder[OPERATIONS] ??= new AsyncLocalStorage());
}
