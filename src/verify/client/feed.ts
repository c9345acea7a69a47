/** One subscription of a reader over any transport. */
import type { RequestPayload, Result } from '../../http-client/http-client.ts';
import { codeOf } from './requests.ts';

export type Ending =
  | { readonly kind: 'complete' }
  | { readonly kind: 'error'; readonly code: string; readonly extensions: Readonly<Record<string, unknown>> }
  /** The connection broke or never opened. */
  | { readonly kind: 'lost'; readonly reason: string };

export interface Sink {
  /** `id`: that of the server-sent event, if it has one. */
  next(result: Result<unknown>, id: string | undefined): void;
  /** Called once, after the last result. Not called when the feed is cut. */
  end(ending: Ending): void;
}

export interface Feed {
  /** Stops reading until `resume`. */
  stall(): void;
  resume(): void;
  /** Breaks the connection; the sink is not called again. */
  cut(): void;
}

export interface FeedRequest extends RequestPayload {
  readonly lastEventId?: string | undefined;
}

export function errorEnding(result: Result<unknown>): Ending {
  const extensions = result.errors?.[0]?.extensions ?? {};
  return { kind: 'error', code: codeOf(result) ?? 'UNKNOWN', extensions };
}
