import type { FieldRef, SchemaTypes } from '@pothos/core';
import type { Item } from '../../src/core/model/change.ts';
import { TEXT } from './descriptions.ts';
import { CALLER_INDEPENDENT } from './shared-definitions.ts';
import type { StreamTypes } from './stream-builder.ts';

/**
 * The fields `cursor`, `timestamp` and `expiresAt` for the option `item` of `addStream`. Times are strings: RFC 3339, in UTC, with
 * milliseconds.
 *
 * @example
 * const quote = builder.objectRef<Item<Quote>>('Quote').implement({
 *   fields: (t) => ({ price: t.float({ resolve: ({ value }) => value.price }), ...itemFields(t) }),
 * });
 * addStream(builder, { map, item: quote });
 */
export function itemFields<Types extends SchemaTypes, Value>(
  builder: PothosSchemaTypes.ObjectFieldBuilder<Types, Item<Value>>,
): ItemFields<Types> {
  // Each field states its type and nullability.
  const t = builder as unknown as PothosSchemaTypes.ObjectFieldBuilder<StreamTypes, Item<unknown>>;
  const fields = {
    cursor: t.exposeString('cursor', { nullable: false, description: TEXT.cursor }),
    timestamp: t.string({
      nullable: false,
      description: TEXT.timestamp,
      extensions: CALLER_INDEPENDENT,
      resolve: ({ timestamp }) => new Date(timestamp).toISOString(),
    }),
    expiresAt: t.string({
      nullable: true,
      description: TEXT.expiresAt,
      extensions: CALLER_INDEPENDENT,
      resolve: ({ expiresAt }) => (expiresAt === null ? null : new Date(expiresAt).toISOString()),
    }),
  };
  return fields as unknown as ItemFields<Types>;
}

/** Fields of an object type, to be spread among its own. */
export interface ItemFields<Types extends SchemaTypes> {
  readonly cursor: FieldRef<Types, string>;
  readonly timestamp: FieldRef<Types, string>;
  readonly expiresAt: FieldRef<Types, string | null>;
}
