/**
 * Where one execution of a subscription stands. It lives in `extensions` of the request, so that any document works, and its
 * answers bring the rest:
 *
 *     request   extensions: { cursors: true, left: true, after, limit }
 *     result    extensions: { cursor, left }                   left: only with a limit
 *
 * One object for the whole life of the execution: clients that reconnect by themselves send it again, as it is by then.
 */
export class Resumption {
  readonly extensions: Record<string, unknown>;

  /** `given`: the extensions of the caller, who may begin behind a cursor of its own. */
  constructor(given?: Readonly<Record<string, unknown>> | null) {
    this.extensions = { ...given, cursors: true, left: true };
  }

  /** To be called with each result before the caller gets it. */
  follow({ extensions }: { readonly extensions?: unknown }): void {
    const { cursor, left } = (extensions ?? {}) as { cursor?: unknown; left?: unknown };
    if (typeof cursor === 'string') this.extensions['after'] = cursor;
    if (typeof left === 'number') this.extensions['limit'] = left;
  }

  /**
   * The server has lost the place, with its log: true, once, for errors that say so. The next request then begins with what is
   * there now, for as many as are left.
   */
  startsOver(errors: unknown): boolean {
    if (this.extensions['after'] === null || codeOf(errors) !== 'CURSOR_EXPIRED') return false;
    // Not undefined: the document or its variables may name a cursor, too.
    this.extensions['after'] = null;
    return true;
  }

  /** Whether something has been delivered, and more is due: a stream that ends here was broken off. */
  get isDue(): boolean {
    return typeof this.extensions['after'] === 'string' && this.extensions['limit'] !== 0;
  }
}

function codeOf(errors: unknown): unknown {
  const [first] = (Array.isArray(errors) ? errors : []) as { extensions?: Record<string, unknown> }[];
  return first?.extensions?.['code'];
}
