/**
 * The fast path of insertions. Yoga's pipeline, coercion and validation are most of what a mutation costs, and they find nothing
 * wrong with a document that they have seen before. A document that graphql-js has executed and that only inserts what one variable
 * brings is remembered. When it comes again with variables that are plainly right, its items are inserted at once and its selection
 * is rendered.
 *
 * The fast path declines anything unusual before it inserts. After that it answers by itself, failures included.
 */
import {
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  getOperationAST,
  type GraphQLSchema,
  Kind,
  locatedError,
  visit,
} from 'graphql';
import { AnswerBudget, MAX_ANSWER_BYTES } from '../../../schema/request/answer-budget.ts';
import { assertMayWrite, type Caller } from '../../../schema/request/caller.ts';
import { toGraphQLError } from '../../../schema/request/errors.ts';
import type { Item } from '../../core/model/change.ts';
import type { InsertInput } from '../../core/input/insert-input.ts';
import type { StreamingMap } from '../../core/streaming-map.ts';
import { compileSelection, type Render } from '../../fanout/selection/selection.ts';
import { KnownDocuments } from './known-documents.ts';
import type { InsertionAnswer } from '../answers/insertion-bytes.ts';
import type { Observe } from './operation-observer.ts';
import type { RequestIdentity } from '../observability/request-log.ts';

/** Of each item. */
const MAX_FIELDS = 20;

type Items = readonly Item<unknown>[];

interface KnownDocument {
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly field: FieldNode;
  readonly variable: string;
  readonly isBatch: boolean;
  readonly render: Render;
  readonly answer: InsertionAnswer;
}

/** What a client sent: an object, of unknown members. */
export interface Parameters {
  readonly query?: unknown;
  readonly operationName?: unknown;
  readonly variables?: unknown;
  readonly extensions?: unknown;
}

/** The answer's JSON; or the result of an insertion that failed, as graphql-js makes it, with errors that are not masked yet. */
export type FastAnswer = string | ExecutionResult;

type Admit = (answer: InsertionAnswer, items: number) => void;

export class FastInserts {
  readonly #schema: GraphQLSchema;
  readonly #map: StreamingMap;
  readonly #observe: Observe;
  readonly #maxFields: number;
  /** By text; null for a document of the plain path. */
  readonly #known = new KnownDocuments<KnownDocument | { readonly document: null }>();

  constructor(schema: GraphQLSchema, map: StreamingMap, observe: Observe) {
    this.#schema = schema;
    this.#map = map;
    this.#observe = observe;
    // An answer never exceeds its budget then, even if each field is the value.
    this.#maxFields = Math.min(MAX_FIELDS, Math.floor(MAX_ANSWER_BYTES / map.limits.maxBatchBytes));
  }

  /** The document of each operation that is executed: it is valid. */
  learn(document: DocumentNode): void {
    const text = document.loc?.source.body;
    if (text !== undefined && this.#known.lacks(text))
      this.#known.set(text, document, this.#analyze(document) ?? { document: null });
  }

  /**
   * Undefined: nothing was done, and the plain path runs the operation.
   *
   * @param admit Called before anything is done; when it throws, `start` throws.
   */
  start(
    parameters: Parameters,
    caller: Caller,
    identity: RequestIdentity,
    admit?: Admit,
  ): Promise<FastAnswer> | undefined {
    const { query, operationName, variables, extensions } = parameters;
    const known = typeof query === 'string' ? this.#known.get(query) : undefined;
    if (!known?.document || extensions != null) return undefined;
    if (operationName != null && operationName !== known.operationName) return undefined;
    const given = isObject(variables) ? variables[known.variable] : undefined;
    const inputs = known.isBatch ? given : [given];
    if (!Array.isArray(inputs) || inputs.length > this.#map.limits.maxBatch || !inputs.every(isInput)) return undefined;
    let insert: () => Promise<Items>;
    try {
      assertMayWrite(caller, 'items', inputs);
      insert = this.#map.preparedInsert(inputs);
    } catch {
      // The plain path says what is wrong, with the places in the document.
      return undefined;
    }
    admit?.(known.answer, inputs.length);
    // Not async: a promise that another one resolves takes three more microtasks.
    return this.#answer(known, identity, () => {
      caller.spend(inputs.length);
      return insert();
    });
  }

  async #answer(known: KnownDocument, identity: RequestIdentity, insert: () => Promise<Items>): Promise<FastAnswer> {
    const { document, operationName, field, isBatch, render } = known;
    const observed = this.#observe({ document, operationName, contextValue: { identity } }, false);
    try {
      const items = await (observed ? observed.within(insert) : insert());
      const json = render(isBatch ? items : items[0], { budget: new AnswerBudget() });
      if (json === undefined) throw new Error('an inserted item is not what its type says');
      observed?.end();
      return `${json}}`;
    } catch (thrown) {
      const error = locatedError(toGraphQLError(errorOf(thrown)), [field], [field.alias?.value ?? field.name.value]);
      observed?.end([error]);
      return { errors: [error], data: null };
    }
  }

  #analyze(document: DocumentNode): KnownDocument | undefined {
    // Null where the document has several operations.
    const operation = getOperationAST(document);
    const root = this.#schema.getMutationType();
    if (operation?.operation !== 'mutation' || !root) return undefined;
    const [variableDefinition, ...otherVariables] = operation.variableDefinitions ?? [];
    if (!variableDefinition || otherVariables.length > 0 || variableDefinition.defaultValue) return undefined;
    const [field, ...otherFields] = operation.selectionSet.selections;
    if (field?.kind !== Kind.FIELD || otherFields.length > 0) return undefined;
    const isBatch = field.name.value === 'insertItems';
    if (!isBatch && field.name.value !== 'insertItem') return undefined;
    const variable = onlyVariable(field);
    if (variable === undefined || !isPlain(document, this.#maxFields)) return undefined;
    const render = compileSelection({ schema: this.#schema, document, operation, variables: {} }, root);
    const answer = answerOf(document);
    return render && { document, operationName: operation.name?.value, field, variable, isBatch, render, answer };
  }
}

/** What the executor makes of what a resolver throws. */
function errorOf(thrown: unknown): Error {
  const [first] = thrown instanceof AggregateError ? (thrown.errors as unknown[]) : [thrown];
  return first instanceof Error ? first : new Error(String(first));
}

/** The name of the variable that is the field's only argument. */
function onlyVariable({ arguments: given = [] }: FieldNode): string | undefined {
  const value = given[0]?.value;
  return given.length === 1 && value?.kind === Kind.VARIABLE ? value.name.value : undefined;
}

function answerOf(document: DocumentNode): InsertionAnswer {
  let [values, fields] = [0, 0];
  visit(document, {
    Field: ({ name }) => {
      fields++;
      if (name.value === 'value') values++;
    },
  });
  return { values, fields };
}

/** Few fields, no directives. */
function isPlain(document: DocumentNode, maxFields: number): boolean {
  let [fields, directives] = [0, 0];
  visit(document, { Field: () => void fields++, Directive: () => void directives++ });
  return directives === 0 && fields <= maxFields;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type IsRight = (value: unknown) => boolean;

const FIELDS: ReadonlyMap<string, IsRight> = new Map<string, IsRight>([
  ['key', (value) => typeof value === 'string'],
  ['value', (value) => value !== null],
  ['ttl', (value) => value === null || Number.isInteger(value)],
  ['idempotencyKey', (value) => value === null || typeof value === 'string'],
  ['ifAbsent', (value) => value === null || typeof value === 'boolean'],
  ['ifCursor', (value) => value === null || typeof value === 'string'],
]);

/** Exactly the members that `InsertItemInput` has; the map judges the values. */
function isInput(given: unknown): given is InsertInput<unknown> {
  if (!isObject(given) || given['key'] === undefined || given['value'] === undefined) return false;
  for (const name of Object.keys(given)) if (!FIELDS.get(name)?.(given[name])) return false;
  return true;
}
