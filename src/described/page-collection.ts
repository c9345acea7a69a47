/** What the page of the console contains about typed collections, so that it needs neither introspection nor a token for it. */
import type { DescribedCollection } from './described-collection.ts';

/** The id of the `<script type="application/json">` that has a list of `PageCollection`. A server without an SDL file has none in its page. */
export const PAGE_COLLECTIONS_ID = 'collections';

export interface PageCollection extends DescribedCollection {
  /** An input that the server accepts. */
  readonly example: Readonly<Record<string, unknown>>;
  /** A mutation in one line that inserts the example. */
  readonly exampleMutation: string;
}
