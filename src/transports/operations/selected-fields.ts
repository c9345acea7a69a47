/** What an insertion's selection makes the server answer. */
import { type DocumentNode, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import { fieldsIn } from '../../../schema/request/answer-budget.ts';
import type { InsertionAnswer } from '../answers/insertion-bytes.ts';

/**
 * Counts selected fields, with all fragments expanded. What was sent is repeated as often as the one of `valueFields` that is selected most
 * often, because different fields show different parts of it.
 */
export function selectedIn(
  document: DocumentNode,
  { selectionSet }: OperationDefinitionNode,
  valueFields: ReadonlySet<string>,
): InsertionAnswer {
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
  const count = (name?: string): number => fieldsIn([selectionSet], (fragment) => fragments.get(fragment), name);
  const fields = count();
  let values = 0;
  // No name can occur more often than all of them.
  for (const name of valueFields) if (values < fields) values = Math.max(values, count(name));
  return { values, fields };
}
