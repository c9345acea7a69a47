/** What a server that isn't ours needs to deliver its streams from positions. */
import type { ExecutionArgs, ExecutionResult, GraphQLSchema } from 'graphql';
import type { Handover, Operation } from '../../schema/context.ts';
import { SEAM } from '../../schema/seam.ts';
import type { Source } from '../core/items.ts';
import { FanOut } from '../fanout/fan-out.ts';
import { isShareable, isShared } from '../fanout/sharing.ts';
import { operationSeam, type ResultContext, type SeamParts } from './operation.ts';

/** The fan-outs of one server: one for each schema and map. */
export class FanOuts {
  readonly #format: (result: ExecutionResult) => string;
  readonly #bySchema = new WeakMap<GraphQLSchema, WeakMap<Source<unknown>, FanOut>>();

  /** `format`: the JSON of a result. */
  constructor(format: (result: ExecutionResult) => string) {
    this.#format = format;
  }

  /** Undefined: a generator delivers. */
  of({ schema, context }: LazySeam): FanOut | undefined {
    const source = context?.handover?.source;
    if (!schema || !source) return undefined;
    const bySource = this.#bySchema.get(schema) ?? new WeakMap<Source<unknown>, FanOut>();
    this.#bySchema.set(schema, bySource);
    let fanOut = bySource.get(source);
    if (!fanOut) bySource.set(source, (fanOut = new FanOut({ schema, source, format: this.#format, isShared })));
    return fanOut;
  }
}

/** What one operation has of ours, from when one of our streams asks for it: of others nothing is read. */
export class LazySeam {
  schema: GraphQLSchema | undefined;
  /** Undefined: no stream of ours has asked. */
  context: ResultContext | undefined;
  readonly #parts: () => SeamParts;
  readonly #mayHandOver: boolean;
  #handover: Handover | undefined;

  /** `mayHandOver`: whether the client can be written to beside the server. */
  constructor(parts: () => SeamParts, mayHandOver: boolean) {
    this.#parts = parts;
    this.#mayHandOver = mayHandOver;
  }

  /** To be called before the operation is subscribed to. */
  begin({ schema, document, operationName, variableValues }: ExecutionArgs): void {
    const operation = { document, operationName, variableValues: variableValues as Operation['variableValues'] };
    this.schema = schema;
    if (this.#mayHandOver) this.#handover = { operation, accepts: () => isShareable(schema, operation) };
  }

  /** Throws `BadInputError` for what the client has asked for. */
  ask(): ResultContext {
    return (this.context ??= operationSeam({ ...this.#parts(), handover: this.#handover }));
  }
}

/** In a context that belongs to one operation. */
export function putSeam(context: object, seam: LazySeam): void {
  Object.assign(context, { [SEAM]: () => seam.ask() });
}
