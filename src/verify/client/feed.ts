/** One subscription of a reader, whatever carries it: what it gets, and what a reader can do to it. */
import { codeOf, type Payload, type Result } from '../../http-client/http-client.ts';

export type Ending =
  | { readonly kind: 'complete' }
  | { readonly kind: 'error'; readonly code: string; readonly extensions: Readonly<Record<string, unknown>> }
  /** The connection broke, or there was none. */
  | { readonly kind: 'lost'; readonly reason: string };

export interface Sink {
  /** `id`: of the server-sent event. */
  next(result: Result<unknown>, id: string | undefined): void;
  /** Last, once, unless the feed was cut. */
  end(ending: Ending): void;
}

export interface Feed {
  /** Reads nothing for a while. */
  stall(): void;
  goOn(): void;
  /** Breaks the connection; the sink hears nothing more. */
  cut(): void;
}

export interface FeedRequest extends Payload {
  readonly lastEventId?: string | undefined;
}

export function errorEnding(result: Result<unknown>): Ending {
  const extensions = result.errors?.[0]?.extensions ?? {};
  return { kind: 'error', code: codeOf(result) ?? 'UNKNOWN', extensions };
}
