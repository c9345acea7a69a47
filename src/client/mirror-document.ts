/** A mirror's own document: a subscription to the changes of any collection. */
import { textOf } from './document-text.ts';

/**
 * One message of a subscription to changes: what a mirror's document must select, and what it may. Without `follows` the mirror doesn't notice a
 * message that was lost in a gateway. Without `size` and `checksum` it doesn't compare itself with the server's map.
 */
export interface ChangesMessage {
  readonly reset: boolean;
  /** Each with `id` or what the option `key` reads, and with `cursor` if the document selects `checksum`. */
  readonly upserted: readonly object[];
  readonly removed: readonly { readonly key: string }[];
  readonly caughtUp: boolean;
  readonly cursor: string;
  readonly follows?: string | null | undefined;
  readonly size?: number | null | undefined;
  readonly checksum?: string | null | undefined;
}

/** A message whose document has no type. */
export interface UntypedChanges extends ChangesMessage {
  readonly upserted: readonly Readonly<Record<string, unknown>>[];
}

/** The result of a mirror's document: one field, with {@link ChangesMessage}. */
export type ChangesResult<Result> = {
  readonly [Field in keyof Result]: Field extends '__typename' ? unknown : ChangesMessage;
};

/** The message in the result of a document. */
export type ChangesIn<Result> = Extract<Result[Exclude<keyof Result, '__typename'>], ChangesMessage>;

/** The items in the result of a document. */
export type ItemIn<Result> = ChangesIn<Result>['upserted'][number];

/** A document with types: codegen's `TypedDocumentString`, or a `TypedDocumentNode` of any library. */
export interface TypedDocument<Result, Variables> {
  readonly __apiType?: ((variables: Variables) => Result) | undefined;
}

/** The subscription of a mirror: its text, or a document with or without types. */
export type MirrorDocument<Result, Variables> =
  string | TypedDocument<Result, Variables> | { readonly kind: string; readonly definitions: readonly unknown[] };

/** Options of a mirror with a document. */
export interface MirrorOptions<Item> {
  /**
   * The key of an item, for a type that has an `id` of its own. The same for all mirrors with the same document.
   *
   * @default the item's `id`
   *
   * @example
   * mirror(client, {}, OrderChangesDocument, { key: ({ number }) => String(number) });
   */
  readonly key?: ((item: Item) => string) | undefined;
}

/** The options may be omitted if the document selects an `id`, or has no types. */
export type OptionsFor<Result> = string extends keyof ItemIn<Result>
  ? [options?: MirrorOptions<ItemIn<Result>>]
  : ItemIn<Result> extends { readonly id: string }
    ? [options?: MirrorOptions<ItemIn<Result>>]
    : [options: MirrorOptions<ItemIn<Result>> & { readonly key: unknown }];

/** An item of any type. */
export type AnyItem = Readonly<Record<string, unknown>>;

export type KeyOf = (item: AnyItem) => string | undefined;

/** A TypedDocumentString is a `String`. */
export const queryOf = (document: object | string): string =>
  'kind' in Object(document) ? textOf(document as { kind: string }) : (document as { toString(): string }).toString();

const REQUIRED = ['reset', 'upserted', 'removed', 'caughtUp', 'cursor'] as const;

/** What a mirror needs and the document doesn't select; false if nothing is missing. A key is not empty. */
export function missingIn(changes: Partial<ChangesMessage>, keyOf: KeyOf): string | false {
  const { upserted = [], removed = [], checksum } = changes;
  const items = upserted as readonly AnyItem[];
  return (
    REQUIRED.find((field) => changes[field] === undefined) ||
    (!items.every(keyOf) && 'id of upserted') ||
    (checksum != null && !items.every(({ cursor }) => cursor) && 'cursor of upserted') ||
    (!removed.every(({ key }) => key) && 'key of removed')
  );
}
