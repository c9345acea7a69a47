/** What the page of the console contains about typed collections, so that it needs neither introspection nor a token for it. */
import type { DescribedCollection } from './described-collection.ts';
import type { CollectionDocuments } from './documents.ts';

/** The id of the `<script type="application/json">` that has a list of `PageCollection`. A server without an SDL file has none in its page. */
export const PAGE_COLLECTIONS_ID = 'collections';

export interface PageCollection extends Pick<DescribedCollection, 'names' | 'valueFields'> {
  /** Their results have the names that they have for `Item`. */
  readonly documents: Pick<CollectionDocuments, 'changes' | 'stream' | 'insertOne' | 'remove'>;
  /** SDL of the input of an insertion, and of what it is made of. */
  readonly inputSdl: string;
  readonly example: {
    /** An input that the server accepts. */
    readonly input: Readonly<Record<string, unknown>>;
    /** A mutation in one line that inserts it. */
    readonly mutation: string;
    /** JSON of a filter on values. */
    readonly where: string;
  };
}
