import { createHash } from 'node:crypto';
import {
  type DocumentNode,
  execute,
  type ExecutionResult,
  getOperationAST,
  type GraphQLSchema,
  print,
  visit,
} from 'graphql';
import { AnswerBudget } from '../../schema/request/answer-budget.ts';
import type { Context, Operation, StreamRequest } from '../../schema/request/context.ts';
import type { RenderResult } from './group.ts';
import { compileSelection, type IsShared, type Render } from './selection.ts';

interface KnownDocument {
  /** Equal for equal documents: servers that parse each operation make equal ones again and again. */
  readonly name: string;
  /** Variables of its directives: they decide which fields are selected. */
  readonly conditions: readonly string[];
}

/** Of a name, before it is hashed: a filter may have half a megabyte of keys. */
const MAX_NAME_LENGTH = 256;

/** A text of bounded length, equal for equal texts only. */
function nameOf(text: string): string {
  return text.length > MAX_NAME_LENGTH ? createHash('sha256').update(text).digest('base64') : text;
}

/** Undefined: graphql-js must execute the operation. */
export function compileOperation(
  schema: GraphQLSchema,
  { document, operationName, variableValues }: Operation,
  isShared?: IsShared,
): Render | undefined {
  const operation = getOperationAST(document, operationName);
  const root = schema.getSubscriptionType();
  if (!operation || !root) return undefined;
  return compileSelection({ schema, document, operation, variables: variableValues ?? {}, isShared }, root);
}

/** Names what a subscriber selects, equal for equal selections and filters, and renders it. */
export class Selections {
  readonly #schema: GraphQLSchema;
  readonly #format: (result: ExecutionResult) => string;
  readonly #isShared: IsShared | undefined;
  readonly #documents = new WeakMap<DocumentNode, KnownDocument>();

  constructor(schema: GraphQLSchema, format: (result: ExecutionResult) => string, isShared?: IsShared) {
    this.#schema = schema;
    this.#format = format;
    this.#isShared = isShared;
  }

  name({ kind, request }: StreamRequest, { document, operationName, variableValues }: Operation): string {
    const known = this.#documents.get(document) ?? this.#learn(document);
    // An omitted variable differs from one that is null.
    const conditions = known.conditions.map((name) => JSON.stringify(variableValues?.[name]) ?? '');
    const { keys, prefix } = request.filter;
    return nameOf(JSON.stringify([kind, known.name, operationName, conditions, prefix, keys && [...keys]]));
  }

  #learn(document: DocumentNode): KnownDocument {
    const known = { name: nameOf(print(document)), conditions: conditionsOf(document) };
    this.#documents.set(document, known);
    return known;
  }

  render(operation: Operation): RenderResult {
    const schema = this.#schema;
    const format = this.#format;
    const { document, operationName, variableValues } = operation;
    const compiled = compileOperation(schema, operation, this.#isShared);
    const context: Pick<Context, 'budget' | 'delivery'> = { budget: new AnswerBudget(), delivery: {} };
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
