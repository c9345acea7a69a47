/** How long to wait before another attempt, and which failures deserve one. */
const LONGEST_MS = 30_000;

export interface RetryOptions {
  /**
   * Waits before the next attempt. Used only over HTTP: a WebSocket or SSE client reconnects by itself, and has an option of its own.
   * Rejecting gives up: the subscription ends with an error. `retries`: how many attempts in a row have failed before, from 0.
   * @default 1 s, doubled up to 30 s, minus a random part of up to half
   */
  readonly retryWait?: (retries: number) => Promise<void>;
}

/** In ms: 1 s, doubled up to 30 s, minus a random part of up to half, so that a crowd of clients doesn't reconnect at once. */
export const backOffMs = (retries: number): number =>
  Math.min(LONGEST_MS, 1000 * 2 ** retries) * (1 - Math.random() / 2);

export async function backOff(retries: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, backOffMs(retries)));
}

/** Whether a proxy or server says that it is temporarily unavailable. */
export const isUnavailable = (status: number | undefined): boolean =>
  status === 502 || status === 503 || status === 504;

/**
 * Whether the network failed: `fetch` throws a TypeError then, both before the response and while it is read. Compared by name, because
 * the error may come from another realm.
 */
export const isNetworkFailure = (error: unknown): boolean =>
  (error as { name?: unknown } | undefined)?.name === 'TypeError';
