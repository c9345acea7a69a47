import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Progress } from './progress.ts';

/** A connection that is silent for longer is considered dead. */
const MAX_SILENCE_MS = 60_000;
/** Beats in one interval, and the shortest time between two beats in ms. */
const [MOST_BEATS, LEAST_MS] = [32, 50];

interface Life {
  readonly webSocket: WebSocket | undefined;
  readonly progress: Progress;
  /** Bytes that had come at the last beat. */
  read: number;
  /** By the heartbeat's clock. */
  aliveAt: number;
}

/**
 * Pings WebSockets, and ends dead connections. A connection is alive while it answers, sends, or drains what was written to it: a slow
 * reader sees a ping late, but is not dead. A stream, on which a client can't answer, is also alive while nothing waits to be drained.
 *
 * Each beat looks at the connections that were opened in the same part of an interval: pings to 10,000 WebSockets at once would take a tenth
 * of a second.
 */
export class Heartbeat {
  /** The share of each beat of an interval. */
  readonly #shares: readonly Map<Socket, Life>[];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #betweenMs: number;
  #beats = 0;
  #beatAt = performance.now();
  #stoodStillMs = 0;

  /** Each connection is looked at once in `intervalMs`. */
  constructor(intervalMs: number) {
    const beats = Math.max(1, Math.min(MOST_BEATS, Math.floor(intervalMs / LEAST_MS)));
    this.#shares = Array.from({ length: beats }, () => new Map<Socket, Life>());
    this.#betweenMs = intervalMs / beats;
    this.#timer = setInterval(() => this.#beat(), this.#betweenMs);
    this.#timer.unref();
  }

  /** Until `unwatch`. */
  watch(socket: Socket, webSocket?: WebSocket): void {
    const progress = new Progress(socket);
    const life: Life = { webSocket, progress, read: socket.bytesRead, aliveAt: this.#now() };
    // The share of the last beat: its next one is an interval away.
    this.#shares.at((this.#beats - 1) % this.#shares.length)?.set(socket, life);
  }

  unwatch(socket: Socket): void {
    for (const share of this.#shares) if (share.delete(socket)) return;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** While this process stood still, nothing that had arrived was read. The clock stands still meanwhile, so clients get that time once more. */
  #now(): number {
    return performance.now() - this.#stoodStillMs;
  }

  #beat(): void {
    const beatAt = performance.now();
    this.#stoodStillMs += Math.max(0, beatAt - this.#beatAt - this.#betweenMs);
    this.#beatAt = beatAt;
    const now = this.#now();
    for (const [socket, life] of this.#shares[this.#beats++ % this.#shares.length] ?? []) {
      const { webSocket, progress } = life;
      const hasMoved = progress.hasMoved();
      const hasSent = webSocket !== undefined && socket.bytesRead > life.read;
      life.read = socket.bytesRead;
      if (hasSent || (socket.writableLength > 0 ? hasMoved : !webSocket)) life.aliveAt = now;
      if (now - life.aliveAt > MAX_SILENCE_MS) socket.destroy();
      else if (webSocket?.readyState === webSocket?.OPEN) webSocket?.ping();
    }
  }
}
