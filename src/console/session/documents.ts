/** The generated operations, in the form that urql takes. */
import { gql, type TypedDocumentNode } from 'urql';
import {
  InsertItemDocument,
  RemoveItemDocument,
  StreamDocument,
  type TypedDocumentString,
} from '../../../schema/documents/graphql.ts';

const typed = <Result, Variables extends object>(
  document: TypedDocumentString<Result, Variables>,
): TypedDocumentNode<Result, Variables> => gql<Result, Variables>(document.toString());

export const INSERT = typed(InsertItemDocument);
export const REMOVE = typed(RemoveItemDocument);
export const STREAM = typed(StreamDocument);
