/** The collection that lines are inserted into: how a line becomes an input, and a batch a request. */
import type { DescribedCollection } from '../../described/described-collection.ts';
import { documentsOf } from '../../described/documents.ts';
import { type Input, readInput, type Reading } from './input.ts';
import type { Line } from './lines.ts';
import { TypedLines } from './typed-input.ts';

export interface Target {
  readonly read: (line: Line, now: number) => Reading;
  /** The body of the request that inserts these inputs, which have the same ttl where the request has one for all. */
  readonly bodyOf: (inputs: readonly Input[]) => string;
  /**
   * Whether a part of a batch repeats what the batch did, so that a batch which may have been inserted may be split. Each input then has an
   * idempotency key of its own.
   */
  readonly hasKeyPerInput: boolean;
}

const QUERY = 'mutation Insert($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { __typename } }';

/** `runId` is unique to the run: with the number of a line it forms the idempotency key that makes a retry harmless. */
export function targetOf(collection: DescribedCollection, runId: string): Target {
  if (collection.isItem)
    return {
      read: (line, now) => readInput(line, runId, now),
      bodyOf: (inputs) => bodyOf(QUERY, inputs, ''),
      hasKeyPerInput: true,
    };
  const lines = new TypedLines(collection);
  const { insertMany } = documentsOf(collection);
  // The answer's items would only be thrown away.
  const query = insertMany.replace(/\{\s*\.\.\.\w+\s*\}[^]*$/, '{ __typename } }');
  return {
    read: (line, now) => lines.read(line, now),
    bodyOf: (inputs) => {
      const [first] = inputs;
      const ttl = first?.ttl === undefined ? '' : `,"ttl":${first.ttl}`;
      // A batch that is split has parts with the same first line, but fewer lines.
      return bodyOf(query, inputs, `${ttl},"idempotencyKey":"${runId}-${first?.line ?? 0}-${inputs.length}"`);
    },
    hasKeyPerInput: false,
  };
}

const bodyOf = (query: string, inputs: readonly Input[], others: string): string =>
  `{"query":${JSON.stringify(query)},"variables":{"inputs":[${inputs.map(({ json }) => json).join(',')}]${others}}}`;
