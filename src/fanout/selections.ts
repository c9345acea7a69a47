import { type DocumentNode, execute, type ExecutionResult, getOperationAST, type GraphQLSchema, visit } from 'graphql';
import { AnswerBudget } from '../../schema/budget.ts';
import type { Context, Operation, StreamRequest } from '../../schema/context.ts';
import type { RenderResult } from './group.ts';
import { compileSelection } from './selection.ts';

interface KnownDocument {
  readonly name: number;
  /** Variables that decide what is selected. */
  readonly conditions: readonly string[];
}

/** What subscribers select: under one name, whoever selects the same of the same keys; and how it is rendered. */
export class Selections {
  readonly #schema: GraphQLSchema;
  readonly #format: (result: ExecutionResult) => string;
  readonly #documents = new WeakMap<DocumentNode, KnownDocument>();
  #known = 0;

  constructor(schema: GraphQLSchema, format: (result: ExecutionResult) => string) {
    this.#schema = schema;
    this.#format = format;
  }

  name({ kind, request }: StreamRequest, { document, operationName, variableValues }: Operation): string {
    let known = this.#documents.get(document);
    if (!known) this.#documents.set(document, (known = { name: this.#known++, conditions: conditionsOf(document) }));
    // One that is left out is not one that is null.
    const conditions = known.conditions.map((name) => JSON.stringify(variableValues?.[name]) ?? '');
    const { keys, prefix } = request.filter;
    return JSON.stringify([kind, known.name, operationName, conditions, prefix, keys && [...keys]]);
  }

  render({ document, operationName, variableValues }: Operation): RenderResult {
    const schema = this.#schema;
    const format = this.#format;
    const operation = getOperationAST(document, operationName);
    const root = schema.getSubscriptionType();
    const compiled =
      operation && root && compileSelection({ schema, document, operation, variables: variableValues ?? {} }, root);
    const context: Pick<Context, 'budget' | 'delivery'> = { budget: new AnswerBudget(), delivery: {} };
    // Whatever can't be told without it, graphql-js tells.
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
