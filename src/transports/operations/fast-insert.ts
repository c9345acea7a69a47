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
  getNamedType,
  getNullableType,
  getOperationAST,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  isListType,
  isObjectType,
  Kind,
  locatedError,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { AnswerBudget, MAX_ANSWER_BYTES } from '../../../schema/request/answer-budget.ts';
import { assertMayWrite, type Caller } from '../../../schema/request/caller.ts';
import { toGraphQLError } from '../../../schema/request/errors.ts';
import type { FastInsertion } from '../../../schema/request/fast-insertion.ts';
import type { Item } from '../../core/model/change.ts';
import type { InsertInput } from '../../core/input/insert-input.ts';
import { compileSelection, type Render } from '../../fanout/selection/selection.ts';
import { KnownDocuments } from './known-documents.ts';
import type { InsertionAnswer } from '../answers/insertion-bytes.ts';
import type { Observe } from './operation-observer.ts';
import { selectedIn } from './selected-fields.ts';
import type { RequestIdentity } from '../observability/request-log.ts';

/** Of each item. */
const MAX_FIELDS = 20;

type Items = readonly Item<unknown>[];

interface KnownDocument {
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly field: FieldNode;
  readonly variable: string;
  readonly insertion: FastInsertion;
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
  readonly #observe: Observe;
  readonly #valueFields: ReadonlySet<string>;
  /** By text; null for a document of the plain path. */
  readonly #known = new KnownDocuments<KnownDocument | { readonly document: null }>();

  /** `valueFields`: see `TransportOptions`. */
  constructor(schema: GraphQLSchema, observe: Observe, valueFields: ReadonlySet<string>) {
    this.#schema = schema;
    this.#observe = observe;
    this.#valueFields = valueFields;
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
    const { collection, mapOf, isBatch, insertionOf } = known.insertion;
    const given = isObject(variables) ? variables[known.variable] : undefined;
    const map = mapOf();
    const inputs = isBatch
      ? insertionsOf(given, insertionOf, map.limits.maxBatch)
      : insertionsOf([given], insertionOf, 1);
    if (!inputs) return undefined;
    let insert: () => Promise<Items>;
    try {
      assertMayWrite(caller, collection, inputs);
      insert = map.preparedInsert(inputs);
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
    const { document, operationName, field, insertion, render } = known;
    const observed = this.#observe({ document, operationName, contextValue: { identity } }, false);
    try {
      const items = await (observed ? observed.within(insert) : insert());
      const json = render(insertion.isBatch ? items : items[0], { budget: new AnswerBudget() });
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
    const definition = root.getFields()[field.name.value];
    const insertion = definition && insertionBy(definition);
    const variable = onlyVariable(field);
    if (!insertion || variable === undefined) return undefined;
    const answer = selectedIn(document, operation, this.#valueFields);
    // An answer never exceeds its budget then, even if each field is the value.
    const maxFields = Math.min(MAX_FIELDS, Math.floor(MAX_ANSWER_BYTES / insertion.mapOf().limits.maxBatchBytes));
    if (answer.fields > maxFields || !this.#isPlain(document, field)) return undefined;
    const render = compileSelection({ schema: this.#schema, document, operation, variables: {} }, root);
    return render && { document, operationName: operation.name?.value, field, variable, insertion, render, answer };
  }

  /**
   * No directives, and no list of objects within an item: such a list makes an answer of many times what was sent, because `{}` may be shown
   * as twenty fields.
   */
  #isPlain(document: DocumentNode, root: FieldNode): boolean {
    let isPlain = true;
    const types = new TypeInfo(this.#schema);
    const visitor = {
      Directive: () => void (isPlain = false),
      Field: (field: FieldNode) => void (isPlain &&= field === root || !isListOfObjects(types.getType())),
    };
    visit(document, visitWithTypeInfo(types, visitor));
    return isPlain;
  }
}

/** Undefined for any other field. */
function insertionBy({ extensions }: GraphQLField<unknown, unknown>): FastInsertion | undefined {
  const { seamline } = extensions as { seamline?: { insertion?: FastInsertion } };
  return seamline?.insertion;
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

function isListOfObjects(type: GraphQLOutputType | null | undefined): boolean {
  return isListType(getNullableType(type)) && isObjectType(getNamedType(type));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Inputs = readonly InsertInput<unknown>[];

/** Undefined where one of them is unusual. */
function insertionsOf(given: unknown, insertionOf: FastInsertion['insertionOf'], max: number): Inputs | undefined {
  if (!Array.isArray(given) || given.length > max) return undefined;
  const inputs: InsertInput<unknown>[] = [];
  for (const each of given) {
    const input = insertionOf(each);
    if (!input) return undefined;
    inputs.push(input);
  }
  return inputs;
}
