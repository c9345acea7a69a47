import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Progress } from './progress.ts';

/** A connection that is silent for longer is considered dead. */
const MAX_SILENCE_MS = 60_000;
/** Looks at one connection in an interval, the most beats between two of them, and the shortest time between two beats in ms. */
const [LOOKS, MOST_BEATS, LEAST_MS] = [2, 16, 50];
/** A client that has been silent for so many looks is pinged although it was written to. */
const SILENT_LOOKS = 2;
/** The frame of a ping, without a mask, as servers send it. `ws` would make an object, a buffer and a header for each. */
const PING = '\x89\0';

interface Life {
  readonly webSocket: WebSocket | undefined;
  readonly progress: Progress;
  /** Bytes that had come, and that had been written, at the last look. */
  read: number;
  written: number;
  /** By the heartbeat's clock. */
  aliveAt: number;
  /** Looks since something came, or a ping asked for it. */
  silentLooks: number;
  /** Looks since something was written, less one if that was a ping, which goes out at a look itself. */
  quietLooks: number;
}

/**
 * Pings WebSockets, and ends dead connections. A connection is alive while it answers, sends, or drains what was written to it: a slow
 * reader sees a ping late, but is not dead. A stream, on which a client can't answer, is also alive while nothing waits to be drained.
 *
 * Each client gets a frame in every interval. A delivery is as good as a ping for that, so a client that is written to is pinged less often,
 * only to see whether it lives.
 *
 * Each beat looks at the connections that were opened in the same part of an interval: pings to 10,000 WebSockets at once would take a tenth
 * of a second.
 */
export class Heartbeat {
  /** The share of each beat between two looks. */
  readonly #shares: readonly Map<Socket, Life>[];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #betweenMs: number;
  #beats = 0;
  #beatAt = performance.now();
  #stoodStillMs = 0;

  /** Each client gets a frame at least once in `intervalMs`. */
  constructor(intervalMs: number) {
    const lookMs = intervalMs / LOOKS;
    const beats = Math.max(1, Math.min(MOST_BEATS, Math.floor(lookMs / LEAST_MS)));
    this.#shares = Array.from({ length: beats }, () => new Map<Socket, Life>());
    this.#betweenMs = lookMs / beats;
    this.#timer = setInterval(() => this.#beat(), this.#betweenMs);
    this.#timer.unref();
  }

  /** Until `unwatch`. */
  watch(socket: Socket, webSocket?: WebSocket): void {
    const progress = new Progress(socket);
    const { bytesRead: read, bytesWritten: written } = socket;
    const life = { webSocket, progress, read, written, aliveAt: this.#now(), silentLooks: 0, quietLooks: -1 };
    // The share of the last beat: its next one is a look away.
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
      const { bytesRead, bytesWritten } = socket;
      const hasSent = webSocket !== undefined && bytesRead > life.read;
      life.silentLooks = hasSent ? 0 : life.silentLooks + 1;
      life.quietLooks = bytesWritten > life.written ? 0 : life.quietLooks + 1;
      life.read = bytesRead;
      life.written = bytesWritten;
      if (hasSent || (socket.writableLength > 0 ? hasMoved : !webSocket)) life.aliveAt = now;
      if (now - life.aliveAt > MAX_SILENCE_MS) socket.destroy();
      else if (webSocket && isPingDue(life)) this.#ping(socket, webSocket, life);
    }
  }

  #ping(socket: Socket, { readyState, OPEN }: WebSocket, life: Life): void {
    if (readyState !== OPEN) return;
    socket.write(PING, 'latin1');
    life.written += PING.length;
    life.silentLooks = 0;
    life.quietLooks = -1;
  }
}

/** At the next look the client would have had nothing for more than an interval. */
function isPingDue({ silentLooks, quietLooks }: Life): boolean {
  return quietLooks > 0 || silentLooks >= SILENT_LOOKS;
}
