import type { GraphQLError } from 'graphql';
import { refused } from './errors.ts';

/** By hash, as codegen's client preset writes them (`persistedDocuments`). */
export type TrustedDocuments = Readonly<Record<string, string>>;

/** How a request may name its document. */
export interface Trustable {
  readonly query?: string | null | undefined;
  readonly documentId?: unknown;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** The text of the document that a request names. */
export type TrustedDocument = (request: Trustable) => string;

/**
 * Finds the document that a request names: by `documentId`, by Apollo's `extensions.persistedQuery.sha256Hash`, or in full.
 * What is returned throws `FORBIDDEN` for one that isn't in the manifest.
 */
export function trusting(manifest: TrustedDocuments): TrustedDocument {
  const documents = new Set(Object.values(manifest));
  return (request) => documentOf(request, manifest, documents);
}

function documentOf(
  { query, documentId, extensions }: Trustable,
  manifest: TrustedDocuments,
  documents: ReadonlySet<string>,
): string {
  const persisted = extensions?.['persistedQuery'] as { sha256Hash?: unknown } | null | undefined;
  const hash = documentId ?? persisted?.sha256Hash;
  if (typeof hash === 'string' && Object.hasOwn(manifest, hash)) return manifest[hash] ?? '';
  if (query && documents.has(query)) return query;
  throw refused('FORBIDDEN', 'only trusted documents run here, and this is none of them', 403);
}

/** Whether a request brings no document, only the hash of one (automatic persisted queries, persisted documents). */
export function isPersistedOnly({ query, documentId, extensions }: Trustable): boolean {
  return !query && (documentId != null || extensions?.['persistedQuery'] != null);
}

/** In Apollo's words, which make its links send the document. 200, as Apollo Server says it: some clients read no body of another status. */
export function persistedQueryNotSupported(): GraphQLError {
  return refused('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported', 200);
}
