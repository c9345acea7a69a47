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

  /** `given`: the extensions of the caller, which may contain a cursor to start after. */
  constructor(given?: Readonly<Record<string, unknown>> | null) {
    this.extensions = { ...given, cursors: true, left: true };
  }

  /** Records the progress. Call it with each result before the caller gets the result. */
  record({ extensions }: { readonly extensions?: unknown }): void {
    const { cursor, left } = (extensions ?? {}) as { cursor?: unknown; left?: unknown };
    if (typeof cursor === 'string') this.extensions['after'] = cursor;
    if (typeof left === 'number') this.extensions['limit'] = left;
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

function codeOf(errors: unknown): unknown {
  const [first] = (Array.isArray(errors) ? errors : []) as { extensions?: Record<string, unknown> }[];
  return first?.extensions?.['code'];
}
