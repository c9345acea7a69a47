/**
 * What open subscriptions keep of clients' texts: each group the document and the variables of the subscriber that came first, and the
 * filter; without fan-out each subscription its own. They may be open for days, so all of them together have a bound in bytes.
 */
import type { DocumentNode } from 'graphql';
import { refused } from '../../schema/request/errors.ts';
import { documentBytes, filterBytes, valueBytes } from '../../schema/request/kept-bytes.ts';
import type { Operation } from '../../schema/request/context.ts';
import type { KeyFilter } from '../core/input/key-filter.ts';

const MAX_BYTES = 64 * 1024 * 1024;
/** A group with more than this is refused at half of the bound, so that long texts never keep short ones out. */
const LONG_BYTES = 64 * 1024;

const EVERY_KEY: KeyFilter = { keys: undefined, prefix: '' };

interface Kept {
  readonly document: DocumentNode;
  readonly bytes: number;
}

export class KeptTexts {
  readonly #maxBytes: number;
  readonly #kept = new Map<unknown, Kept>();
  /** Where clients send equal texts, keepers share a document. `uses`: how many have it. */
  readonly #documents = new Map<DocumentNode, { uses: number; readonly bytes: number }>();
  #bytes = 0;

  constructor(maxBytes: number = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * `keeper`: a group or a subscription, which keeps the texts until it is removed.
   * @throws {GraphQLError} `TOO_MANY_SUBSCRIPTIONS`
   */
  add(keeper: unknown, { document, variableValues }: Operation, filter: KeyFilter = EVERY_KEY): void {
    // The filter's keys are mostly those of the variables.
    const bytes = Math.max(filterBytes(filter), valueBytes(variableValues));
    const known = this.#documents.get(document);
    const ofDocument = known?.bytes ?? documentBytes(document);
    const added = known ? bytes : bytes + ofDocument;
    if (this.#bytes + added > (added > LONG_BYTES ? this.#maxBytes / 2 : this.#maxBytes)) throw tooMuch(this.#bytes);
    this.#kept.set(keeper, { document, bytes });
    this.#documents.set(document, { uses: (known?.uses ?? 0) + 1, bytes: ofDocument });
    this.#bytes += added;
  }

  remove(keeper: unknown): void {
    const kept = this.#kept.get(keeper);
    if (!kept) return;
    this.#kept.delete(keeper);
    this.#bytes -= kept.bytes;
    const { uses = 0, bytes = 0 } = this.#documents.get(kept.document) ?? {};
    if (uses > 1) return void this.#documents.set(kept.document, { uses: uses - 1, bytes });
    this.#documents.delete(kept.document);
    this.#bytes -= bytes;
  }
}

const tooMuch = (bytes: number) =>
  refused(
    'TOO_MANY_SUBSCRIPTIONS',
    `open subscriptions keep ${bytes} bytes of documents and filters: subscribe with shorter ones, or connect to another node`,
  );
