/** Operations of a user's server, whose streams the fan-out may deliver. */
import {
  type ExecutionArgs,
  type ExecutionResult,
  getOperationAST,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { FanOutRequest } from '../../../schema/request/context.ts';
import { OPERATIONS, type TransportOperation, TRANSPORT_CONTEXT } from '../../../schema/request/transport-context.ts';
import type { FanOut } from '../../fanout/fan-out.ts';
import { FanOuts } from '../../fanout/fan-outs.ts';
import { compileOperation } from '../../fanout/selection/selections.ts';
import { isShared } from '../../fanout/selection/sharing.ts';
import { resultContext, type ResultContext, type ResultContextParts } from './operation.ts';

/** The errors that a server shows: each error of a result, and the error that ends a subscription. */
export interface ErrorsShown {
  readonly inResult: (error: unknown) => unknown;
  readonly atEnd: (error: unknown, operation: OperationDefinitionNode | undefined) => unknown;
}

/** The fan-outs of one server, for each schema. */
export class UserFanOuts {
  readonly #format: (result: ExecutionResult) => string;
  readonly #bySchema = new WeakMap<GraphQLSchema, FanOuts>();

  /** `format`: the JSON of a result. */
  constructor(format: (result: ExecutionResult) => string) {
    this.#format = format;
  }

  /** Undefined: a generator delivers. */
  of({ schema, context }: UserOperation): FanOut | undefined {
    const source = context?.fanOutRequest?.source;
    if (!schema || !source) return undefined;
    let fanOuts = this.#bySchema.get(schema);
    if (!fanOuts) this.#bySchema.set(schema, (fanOuts = new FanOuts({ schema, format: this.#format, isShared })));
    return fanOuts.of(source);
  }
}

/** One operation. Its extensions are read when one of our streams asks for them, and never for other operations. */
export class UserOperation implements TransportOperation {
  schema: GraphQLSchema | undefined;
  definition: OperationDefinitionNode | undefined;
  /** Set when one of our streams has asked for it. */
  context: ResultContext | undefined;
  readonly #parts: () => ResultContextParts;
  readonly #isWritable: boolean;
  #fanOutRequest: FanOutRequest | undefined;
  #vouched: Vouched | undefined;

  /** `isWritable`: whether the fan-out can write to the client past the server. */
  constructor(parts: () => ResultContextParts, isWritable: boolean) {
    this.#parts = parts;
    this.#isWritable = isWritable;
  }

  /** To be called before the operation is subscribed to. */
  begin(args: ExecutionArgs): void {
    const { schema, document, operationName, variableValues } = args;
    const operation = { document, operationName, variableValues };
    this.schema = schema;
    this.definition = getOperationAST(document, operationName) ?? undefined;
    if (!this.#isWritable || !isPlain(args)) return;
    const isShareable = (): boolean => compileOperation(schema, operation, isShared) !== undefined;
    this.#fanOutRequest = { operation, accepts: (asked) => asked === this.definition && isShareable() };
  }

  /** Throws `BadInputError` for invalid extensions. */
  ask(): ResultContext {
    return (this.context ??= resultContext({ ...this.#parts(), fanOutRequest: this.#fanOutRequest }));
  }

  /** Confirms that these are the results of the executor: no plugin has replaced them, sees them, or waits for their end. */
  vouch(results: object, errors: ErrorsShown): void {
    this.#vouched = { results, methods: methodsOf(results), errors };
  }

  /** Undefined when these are other results, or changed ones, and must deliver themselves. */
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

/** Arguments that the fan-out knows. With any other (a `fieldResolver`, execution hooks, a signal), graphql-js must execute. */
const PLAIN = new Set(['schema', 'document', 'rootValue', 'contextValue', 'variableValues', 'operationName']);

function isPlain(args: ExecutionArgs): boolean {
  for (const name in args) if (!PLAIN.has(name) && args[name as keyof ExecutionArgs] != null) return false;
  return true;
}

/** `context`: belongs to this operation alone. */
export function attachOperation(context: object, operation: UserOperation): void {
  Object.assign(context, { [TRANSPORT_CONTEXT]: () => operation.ask() });
}

/** For contexts that operations may share: code that runs in it finds its operation, even after an `await`. */
export function operationStorage(): AsyncLocalStorage<TransportOperation> {
  const holder = globalThis as { [OPERATIONS]?: AsyncLocalStorage<TransportOperation> };
  return (holder[OPERATIONS] ??= new AsyncLocalStorage());
}
