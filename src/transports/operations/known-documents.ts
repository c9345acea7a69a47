/**
 * What is remembered of clients' documents is bounded by bytes, because a comment is no token: a document of one field may have a
 * megabyte. Only documents that are valid and short are remembered; any other is parsed and validated each time it comes.
 */
import type { DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { documentBytes } from '../../../schema/request/kept-bytes.ts';

/** Of one cache, as far as texts and their parsed documents are concerned. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Characters of a document that is remembered: several times what a document of that many tokens needs. */
const MAX_LENGTH = 32 * 1024;

/** Values by the text of the document that they were made of. */
export class KnownDocuments<Value extends object> {
  readonly #known = new LRUCache<string, Value>({ maxSize: MAX_BYTES });

  get(text: string): Value | undefined {
    // A long text isn't hashed just to find that it is unknown.
    return text.length > MAX_LENGTH ? undefined : this.#known.get(text);
  }

  /** Whether a document may be remembered that isn't yet. */
  lacks(text: string): boolean {
    return text.length <= MAX_LENGTH && !this.#known.has(text);
  }

  /** Remembers a value that keeps the parsed document of the text. Does nothing for a long text. */
  set(text: string, document: DocumentNode, value: Value): void {
    if (text.length <= MAX_LENGTH) this.#known.set(text, value, { size: documentBytes(document) });
  }

  /** Bytes of everything that is remembered. */
  get bytes(): number {
    return this.#known.calculatedSize;
  }
}

/** In place of Yoga's caches, which are bounded by the number of their entries, and remember errors as well. */
export function rememberDocuments(): Plugin {
  const documents = new KnownDocuments<DocumentNode>();
  const valid = new WeakSet<DocumentNode>();
  return {
    onParse({ params, setParsedDocument }) {
      const known = documents.get(String(params.source));
      if (known) setParsedDocument(known);
    },
    onValidate({ params: { documentAST }, setResult }) {
      const document = documentAST as DocumentNode;
      if (valid.has(document)) return setResult([]);
      return ({ valid: isValid }) => {
        const text = document.loc?.source.body;
        if (!isValid || text === undefined) return;
        valid.add(document);
        documents.set(text, document, document);
      };
    },
  };
}
