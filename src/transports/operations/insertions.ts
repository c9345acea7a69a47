/**
 * Insertions, the short way. Most of what a mutation costs is Yoga's pipeline, coercion and validation, which find nothing, time
 * after time. A document that graphql-js has executed and that only inserts what one variable brings is remembered; when it comes again
 * with variables that are plainly right, the insertion is made at once and its selection rendered.
 *
 * Whatever is unusual goes the long way, as if this didn't exist; so does what fails, with its outcome, to be answered there.
 */
import {
  type DocumentNode,
  type FieldNode,
  getOperationAST,
  type GraphQLError,
  type GraphQLSchema,
  Kind,
  visit,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { AnswerBudget } from '../../../schema/request/answer-budget.ts';
import { assertMayWrite, type Caller } from '../../../schema/request/caller.ts';
import { toGraphQLError } from '../../../schema/request/errors.ts';
import type { Item } from '../../core/model/change.ts';
import type { InsertInput } from '../../core/input/insert-input.ts';
import type { StreamingMap } from '../../core/streaming-map.ts';
import { compileSelection, type Render } from '../../fanout/selection.ts';
import type { Observe } from './operation-observer.ts';
import type { Asker } from '../observability/request-log.ts';

/** Documents. */
const MAX_KNOWN = 1000;
/** Selected of each item: of more, an answer might exceed its budget. */
const MAX_SELECTED = 20;

type Inputs = readonly InsertInput<unknown>[];

interface KnownDocument {
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variable: string;
  readonly isBatch: boolean;
  readonly render: Render;
}

/** What a client sent, as far as it is known to be an object. */
export interface Parameters {
  readonly query?: unknown;
  readonly operationName?: unknown;
  readonly variables?: unknown;
  readonly extensions?: unknown;
}

export class Insertions {
  readonly #schema: GraphQLSchema;
  readonly #map: StreamingMap;
  readonly #observe: Observe;
  /** By its text; null for one that goes the long way. */
  readonly #known = new LRUCache<string, KnownDocument | { readonly document: null }>({ max: MAX_KNOWN });

  constructor(schema: GraphQLSchema, map: StreamingMap, observe: Observe) {
    this.#schema = schema;
    this.#map = map;
    this.#observe = observe;
  }

  /** To be told of every operation that is executed: its document is valid. */
  learn(document: DocumentNode): void {
    const text = document.loc?.source.body;
    if (text !== undefined && !this.#known.has(text))
      this.#known.set(text, this.#analyze(document) ?? { document: null });
  }

  /** Whether there is hope. */
  knows({ query }: Parameters): boolean {
    return typeof query === 'string' && this.#known.get(query)?.document != null;
  }

  /** Undefined for what must go the long way. */
  find(parameters: Parameters, caller: Caller, asker: Asker): ShortInsertion | undefined {
    const { query, operationName, variables, extensions } = parameters;
    const known = typeof query === 'string' ? this.#known.get(query) : undefined;
    if (!known?.document || extensions != null) return undefined;
    if (operationName != null && operationName !== known.operationName) return undefined;
    const given = isObject(variables) ? variables[known.variable] : undefined;
    const inputs = known.isBatch ? given : [given];
    if (!Array.isArray(inputs) || inputs.length > this.#map.limits.maxBatch || !inputs.every(isInput)) return undefined;
    try {
      assertMayWrite(
        caller,
        inputs.map(({ key }) => key),
      );
    } catch {
      return undefined;
    }
    return new ShortInsertion(known, inputs, { map: this.#map, caller, asker, observe: this.#observe });
  }

  #analyze(document: DocumentNode): KnownDocument | undefined {
    // Of several operations it would be none.
    const operation = getOperationAST(document);
    const [variableDefinition, ...others] = operation?.variableDefinitions ?? [];
    const root = this.#schema.getMutationType();
    if (
      operation?.operation !== 'mutation' ||
      !root ||
      !variableDefinition ||
      others.length > 0 ||
      variableDefinition.defaultValue
    )
      return undefined;
    const [field] = operation.selectionSet.selections;
    if (field?.kind !== Kind.FIELD || operation.selectionSet.selections.length > 1) return undefined;
    const isBatch = field.name.value === 'insertItems';
    if (!isBatch && field.name.value !== 'insertItem') return undefined;
    const variable = onlyVariable(field);
    if (variable === undefined || !isPlain(document)) return undefined;
    const render = compileSelection({ schema: this.#schema, document, operation, variables: {} }, root);
    return render && { document, operationName: operation.name?.value, variable, isBatch, render };
  }
}

interface Circumstances {
  readonly map: StreamingMap;
  readonly caller: Caller;
  readonly asker: Asker;
  readonly observe: Observe;
}

export class ShortInsertion {
  /** What has become of it, once it was made. */
  outcome: Promise<readonly Item<unknown>[]> | undefined;
  readonly document: DocumentNode;
  readonly #known: KnownDocument;
  readonly #inputs: Inputs;
  readonly #circumstances: Circumstances;

  constructor(known: KnownDocument, inputs: Inputs, circumstances: Circumstances) {
    this.document = known.document;
    this.#known = known;
    this.#inputs = inputs;
    this.#circumstances = circumstances;
  }

  /** Makes it. Resolves with the answer's JSON; undefined: it is to be answered the long way, from `outcome`. */
  async answer(): Promise<string | undefined> {
    const { asker, observe } = this.#circumstances;
    const { document, operationName, isBatch, render } = this.#known;
    const observed = observe({ document, operationName, contextValue: { asker } }, false);
    this.outcome = observed ? observed.within(() => this.#insert()) : this.#insert();
    try {
      const items = await this.outcome;
      observed?.end();
      const json = render(isBatch ? items : items[0], { budget: new AnswerBudget() });
      return json && `${json}}`;
    } catch (error) {
      observed?.end([toGraphQLError(error) as GraphQLError]);
      return undefined;
    }
  }

  async #insert(): Promise<readonly Item<unknown>[]> {
    const { map, caller } = this.#circumstances;
    caller.spend(this.#inputs.length);
    return map.insertMany(this.#inputs);
  }
}

/** The name of the variable that is the field's only argument. */
function onlyVariable({ arguments: given = [] }: FieldNode): string | undefined {
  const value = given[0]?.value;
  return given.length === 1 && value?.kind === Kind.VARIABLE ? value.name.value : undefined;
}

/** Few fields, no directives. */
function isPlain(document: DocumentNode): boolean {
  let [fields, directives] = [0, 0];
  visit(document, { Field: () => void fields++, Directive: () => void directives++ });
  return directives === 0 && fields <= MAX_SELECTED;
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

/** Just what `InsertItemInput` says; what lies in the values, the map judges. */
function isInput(given: unknown): given is InsertInput<unknown> {
  if (!isObject(given) || given['key'] === undefined || given['value'] === undefined) return false;
  for (const name of Object.keys(given)) if (!FIELDS.get(name)?.(given[name])) return false;
  return true;
}
