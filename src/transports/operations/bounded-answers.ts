/** Lets operations in as the memory for answers allows, on all transports. */
import {
  type DocumentNode,
  type ExecutionResult,
  getOperationAST,
  type GraphQLError,
  type OperationDefinitionNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { MAX_ANSWER_BYTES } from '../../../schema/request/answer-budget.ts';
import { FIELD_BYTES } from '../../../schema/request/answer-budget.ts';
import type { Share } from '../answers/share.ts';
import type { OperationContext } from './operation.ts';
import { selectedIn } from './selected-fields.ts';

/** `valueFields`: names of the fields whose values may be as long as what was sent. */
export const boundedAnswers = (valueFields: ReadonlySet<string>): Plugin => ({
  onExecute({ args, setResultAndStopExecution }) {
    const { share } = args.contextValue as Partial<OperationContext>;
    if (!share) return undefined;
    const { document } = args;
    const operation = getOperationAST(document, args.operationName);
    const isMutation = operation?.operation === 'mutation';
    const done = {
      onExecuteDone({ result, setResult }: { result: object; setResult: (result: ExecutionResult) => void }) {
        if (!isMutation && asksForSchema(document)) takeSchema(share, result);
        share.executed();
        // A part of an answer would be taken for the whole.
        if (share.refusal && !isMutation) setResult({ errors: [share.refusal] });
      },
    };
    const stop = (error: unknown): undefined => {
      setResultAndStopExecution({ errors: [error as GraphQLError] });
    };
    try {
      const admitted = isMutation
        ? admitMutation(share, document, operation, valueFields)
        : asksForSchema(document)
          ? share.enter()
          : undefined;
      return admitted ? admitted.then(() => done, stop) : done;
    } catch (error) {
      return stop(error);
    }
  },
  onSubscribe({ args }) {
    // A result that was made can't be refused: its items would be lost.
    (args.contextValue as Partial<OperationContext>).share?.bind();
  },
});

/** The answer repeats what was sent. After the mutation its answer can't be refused. */
async function admitMutation(
  share: Share,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  valueFields: ReadonlySet<string>,
): Promise<void> {
  const { values: copies } = selectedIn(document, operation, valueFields);
  const values = Math.min(copies * share.requestBytes, MAX_ANSWER_BYTES);
  await share.admit(share.requestBytes + values);
  share.bind(values);
}

/** Introspection counts nothing while it is executed. */
function takeSchema(share: Share, result: object): void {
  let fields = 0;
  const open: unknown[] = [result];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const members = Object.values(value as object);
    fields += members.length;
    for (const member of members) if (typeof member === 'object' && member !== null) open.push(member);
  }
  try {
    share.take(fields * FIELD_BYTES);
  } catch {
    // The share keeps its refusal.
  }
}

function asksForSchema(document: DocumentNode): boolean {
  return /\b__(?:schema|type)\b/.test(textOf(document));
}

function textOf({ loc }: DocumentNode): string {
  return loc?.source.body ?? '';
}
