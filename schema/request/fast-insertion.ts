/** What the fast path of insertions needs to know of a mutation: the mutation's field has it as `extensions.seamline.insertion`. */
import type { InsertInput } from '../../src/core/input/insert-input.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';

export interface FastInsertion {
  /** The plural name of the collection, as scopes have it. */
  readonly collection: string;
  /** Called when the operation runs. */
  readonly mapOf: () => StreamingMap;
  /** Whether the field's only argument is a list. */
  readonly isBatch: boolean;
  /**
   * The insertion that one input (the only argument, or a member of the list) brings as it was sent. Undefined where the input is unusual in
   * any way, wrong ones included: then graphql-js runs the mutation.
   */
  readonly insertionOf: (input: unknown) => InsertInput<unknown> | undefined;
}
