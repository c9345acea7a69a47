import { hasGap } from './cursors.ts';

/** In ms: the wait before a second attempt in a row, doubled for each further one. The first comes at once. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/** How long to wait before an attempt that repairs something: `before` attempts in a row have not helped. */
export const repairWaitMs = (before: number): number =>
  before === 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (before - 1));

/**
 * The client's half of resuming: the progress of one execution of a subscription. The server decides where to continue. The progress travels in
 * `extensions`, so that any document works:
 *
 *     request   extensions: { cursors: true, left: true, after, limit }
 *     result    extensions: { cursor, left }                   left: only with a limit
 *
 * `extensions` is one object that changes in place, because clients that reconnect by themselves send the same object again.
 */
export class Resumption {
  readonly extensions: Record<string, unknown>;
  #gapsInARow = 0;
  /** The number of results since the start, or since the last gap. */
  #recorded = 0;

  /** `given`: the extensions of the caller, which may contain a cursor to start after. */
  constructor(given?: Readonly<Record<string, unknown>> | null) {
    this.extensions = { ...given, cursors: true, left: true };
  }

  /** Records the progress. Call it with each result before the caller gets the result. */
  record({ data, extensions }: { readonly data?: unknown; readonly extensions?: unknown }): void {
    const { cursor = changesIn(data)?.cursor, left } = (extensions ?? {}) as { cursor?: unknown; left?: unknown };
    if (typeof cursor === 'string') this.extensions['after'] = cursor;
    if (typeof left === 'number') this.extensions['limit'] = left;
    // The first result may come at once, so it doesn't show that the way delivers.
    if (++this.#recorded > 1) this.#gapsInARow = 0;
  }

  /**
   * Whether a message of `itemChanges`, or of another collection's changes, was lost before this result, if its document selects `follows` and `cursor`. The result must be
   * dropped, and the next request, after `gapWaitMs`, continues after the last result that was recorded.
   */
  hasGapBefore({ data }: { readonly data?: unknown }): boolean {
    const { after } = this.extensions;
    const changes = changesIn(data);
    // The document or its variables may contain the cursor of the first request, so undefined is not a gap.
    if (!changes || (typeof after !== 'string' && after !== null) || !hasGap(after, changes)) return false;
    this.#gapsInARow++;
    this.#recorded = 0;
    return true;
  }

  /** How long to wait before the request that follows a gap. */
  get gapWaitMs(): number {
    return repairWaitMs(this.#gapsInARow - 1);
  }

  /**
   * Starts over if the errors say that the server has lost its log, and with it the cursor: the next request starts with the current items,
   * and still counts the remaining limit. Returns whether it does, at most once in a row.
   */
  startOverAfter(errors: unknown): boolean {
    if (this.extensions['after'] === null || codeOf(errors) !== 'CURSOR_EXPIRED') return false;
    // null instead of undefined, because the document or its variables may contain a cursor as well.
    this.extensions['after'] = null;
    return true;
  }

  /** Whether results have been delivered and more are due: a stream that ends now was broken. */
  get isDue(): boolean {
    return typeof this.extensions['after'] === 'string' && this.extensions['limit'] !== 0;
  }
}

interface Changes {
  readonly follows?: unknown;
  readonly cursor: string;
}

/** The message of `itemChanges`, `quoteChanges` and so on, whatever its alias. A subscription has one root field. */
function changesIn(data: unknown): Changes | undefined {
  const [message] = Object.values((data ?? {}) as Record<string, Partial<Changes> | null>);
  return typeof message?.cursor === 'string' && 'follows' in message ? (message as Changes) : undefined;
}

/** The code of the first error. */
export function codeOf(errors: unknown): unknown {
  const [first] = (Array.isArray(errors) ? errors : []) as { extensions?: Record<string, unknown> }[];
  return first?.extensions?.['code'];
}
