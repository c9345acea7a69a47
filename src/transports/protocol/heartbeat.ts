import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Progress } from './progress.ts';

/** A connection that is silent for longer is considered dead. */
const MAX_SILENCE_MS = 60_000;

interface Life {
  readonly webSocket: WebSocket | undefined;
  readonly progress: Progress;
  /** Bytes that had come at the last beat. */
  read: number;
  aliveAt: number;
}

/**
 * Pings WebSockets, and ends dead connections. A connection is alive while it answers, sends, or drains what was written to it: a slow
 * reader sees a ping late, but is not dead. A stream, on which a client can't answer, is also alive while nothing waits to be drained.
 */
export class Heartbeat {
  readonly #lives = new Map<Socket, Life>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #intervalMs: number;
  #beatAt = performance.now();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
    this.#timer = setInterval(() => this.#beat(), intervalMs);
    this.#timer.unref();
  }

  /** Until `unwatch`. */
  watch(socket: Socket, webSocket?: WebSocket): void {
    const life: Life = {
      webSocket,
      progress: new Progress(socket),
      read: socket.bytesRead,
      aliveAt: performance.now(),
    };
    this.#lives.set(socket, life);
  }

  unwatch(socket: Socket): void {
    this.#lives.delete(socket);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const now = performance.now();
    // While this process stood still, nothing that had arrived was read. Clients get that time once more.
    const stoodStillMs = Math.max(0, now - this.#beatAt - this.#intervalMs);
    this.#beatAt = now;
    for (const [socket, life] of this.#lives) {
      const { webSocket, progress } = life;
      life.aliveAt += stoodStillMs;
      const hasMoved = progress.hasMoved();
      const hasSent = webSocket !== undefined && socket.bytesRead > life.read;
      life.read = socket.bytesRead;
      if (hasSent || (socket.writableLength > 0 ? hasMoved : !webSocket)) life.aliveAt = now;
      if (now - life.aliveAt > MAX_SILENCE_MS) socket.destroy();
      else if (webSocket?.readyState === webSocket?.OPEN) webSocket?.ping();
    }
  }
}
