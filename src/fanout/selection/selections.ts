import {
  type DocumentNode,
  execute,
  type ExecutionResult,
  getOperationAST,
  type GraphQLSchema,
  print,
  visit,
} from 'graphql';
import { AnswerBudget } from '../../../schema/request/answer-budget.ts';
import {
  type Context,
  type Operation,
  RENDERED_FOR_MANY,
  type StreamRequest,
} from '../../../schema/request/context.ts';
import { shortName } from '../../core/interest/watch.ts';
import { ItemTexts } from './item-texts.ts';
import { compileSelection, type IsShared, type Render } from './selection.ts';

interface KnownDocument {
  /** Equal for equal documents: servers that parse each operation make equal ones again and again. */
  readonly name: string;
  /** Variables of its directives: they decide which fields are selected. */
  readonly conditions: readonly string[];
}

/** The JSON of an item or of an `itemChanges` message as it is selected, without the closing brace. Never fails. */
export type RenderResult = (delivered: unknown) => string;

/** What is selected, without a filter. All groups that select the same share it. */
export interface Selection {
  readonly name: string;
  readonly render: RenderResult;
  readonly texts: ItemTexts;
}

/** Undefined: graphql-js must execute the operation. */
export function compileOperation(
  schema: GraphQLSchema,
  { document, operationName, variableValues }: Operation,
  isShared?: IsShared,
  texts?: ItemTexts,
): Render | undefined {
  const operation = getOperationAST(document, operationName);
  const root = schema.getSubscriptionType();
  if (!operation || !root) return undefined;
  return compileSelection({ schema, document, operation, variables: variableValues ?? {}, isShared, texts }, root);
}

/** Of selections that keep texts: each keeps up to 1 MB, and replays without an end make no sweep that forgets them. */
const MAX_KEEPING = 32;

/** Names what a subscriber selects, equal for equal selections, and renders it. */
export class Selections {
  readonly #schema: GraphQLSchema;
  readonly #format: (result: ExecutionResult) => string;
  readonly #isShared: IsShared | undefined;
  readonly #documents = new WeakMap<DocumentNode, KnownDocument>();
  readonly #byName = new Map<string, Selection>();
  /** Those that keep texts of items. */
  #keeping: ItemTexts[] = [];

  constructor(schema: GraphQLSchema, format: (result: ExecutionResult) => string, isShared?: IsShared) {
    this.#schema = schema;
    this.#format = format;
    this.#isShared = isShared;
  }

  /** Equal for equal selections. A filter is not part of it. */
  name(kind: StreamRequest['kind'], { document, operationName, variableValues }: Operation): string {
    const known = this.#documents.get(document) ?? this.#learn(document);
    // An omitted variable differs from one that is null.
    const conditions = known.conditions.map((name) => JSON.stringify(variableValues?.[name]) ?? '');
    return shortName(JSON.stringify([kind, known.name, operationName, conditions]));
  }

  /** The selection of an operation. `drop` forgets it. */
  of(kind: StreamRequest['kind'], operation: Operation): Selection {
    const name = this.name(kind, operation);
    let selection = this.#byName.get(name);
    if (!selection) {
      const texts: ItemTexts = new ItemTexts(() => this.#keeps(texts));
      selection = { name, render: this.render(operation, texts), texts };
      this.#byName.set(name, selection);
    }
    return selection;
  }

  drop({ name, texts }: Selection): void {
    this.#byName.delete(name);
    texts.forget();
    this.#keeping = this.#keeping.filter((each) => each !== texts);
  }

  /** Drops what was rendered of items. */
  forget(): void {
    for (const texts of this.#keeping) texts.forget();
    this.#keeping.length = 0;
  }

  #keeps(texts: ItemTexts): void {
    if (this.#keeping.length === MAX_KEEPING) this.forget();
    if (!this.#keeping.includes(texts)) this.#keeping.push(texts);
  }

  #learn(document: DocumentNode): KnownDocument {
    const known = { name: shortName(print(document)), conditions: conditionsOf(document) };
    this.#documents.set(document, known);
    return known;
  }

  render(operation: Operation, texts?: ItemTexts): RenderResult {
    const schema = this.#schema;
    const format = this.#format;
    const { document, operationName, variableValues } = operation;
    const compiled = compileOperation(schema, operation, this.#isShared, texts);
    const context: Pick<Context, 'budget' | 'delivery'> & { readonly [RENDERED_FOR_MANY]: true } = {
      budget: new AnswerBudget(),
      delivery: {},
      // graphql-js may execute it while an operation runs.
      [RENDERED_FOR_MANY]: true,
    };
    const executed = (rootValue: unknown): string => {
      const args = { schema, document, operationName, variableValues, rootValue, contextValue: context };
      return format(execute(args) as ExecutionResult).slice(0, -1);
    };
    return (delivered) => {
      context.budget.renew();
      try {
        return compiled?.(delivered, context) ?? executed(delivered);
      } catch {
        return executed(delivered);
      }
    };
  }
}

function conditionsOf(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive: (directive) => visit(directive, { Variable: ({ name }) => void names.add(name.value) }),
  });
  return [...names];
}
