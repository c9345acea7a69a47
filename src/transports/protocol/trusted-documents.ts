import type { GraphQLError } from 'graphql';
import { refused } from './errors.ts';

/** Documents by hash, as codegen's client preset writes them (`persistedDocuments`). */
export type TrustedDocuments = Readonly<Record<string, string>>;

/** How a request may name its document. */
export interface Trustable {
  readonly query?: string | null | undefined;
  readonly documentId?: unknown;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Of a hash, in an error. */
const MAX_SHOWN = 100;

/** The text of the document that a request names. */
export type TrustedDocument = (request: Trustable) => string;

/**
 * Finds the document that a request names: by `documentId`, by Apollo's `extensions.persistedQuery.sha256Hash`, or in full.
 * The function throws `FORBIDDEN` for a document that isn't in the manifest.
 */
export function trusting(manifest: TrustedDocuments): TrustedDocument {
  const documents = new Set(Object.values(manifest));
  return ({ query, documentId, extensions }) => {
    const persisted = extensions?.['persistedQuery'] as { sha256Hash?: unknown } | null | undefined;
    const hash = documentId ?? persisted?.sha256Hash;
    if (typeof hash === 'string' && Object.hasOwn(manifest, hash)) return manifest[hash] ?? '';
    if (query && documents.has(query)) return query;
    const name = typeof hash === 'string' ? JSON.stringify(hash.slice(0, MAX_SHOWN)) : 'this one';
    throw refused('FORBIDDEN', `only trusted documents run here, and ${name} is not in the manifest`, 403);
  };
}

/** Whether a request has the hash of a document only (automatic persisted queries, persisted documents). */
export function isPersistedOnly({ query, documentId, extensions }: Trustable): boolean {
  return !query && (documentId != null || extensions?.['persistedQuery'] != null);
}

/** Apollo's error, which makes its links send the document. The status is 200, as Apollo Server's: some clients read no other body. */
export function persistedQueryNotSupported(): GraphQLError {
  return refused('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported', 200);
}
