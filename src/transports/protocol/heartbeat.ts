import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/** Silence after which a connection is taken for dead. */
const MAX_SILENCE_MS = 60_000;

interface Life {
  readonly webSocket: WebSocket | undefined;
  drained: number;
  /** Of the write that is under way. */
  queued: number;
  aliveAt: number;
}

/**
 * Pings WebSockets, and ends connections that are gone. A connection lives while it answers, sends, or drains what was written
 * to it: who only reads slowly sees a ping late, but is not gone. A stream, which nobody can answer on, lives also while
 * nothing waits to be drained.
 */
export class Heartbeat {
  readonly #lives = new Map<Socket, Life>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(intervalMs: number) {
    this.#timer = setInterval(() => this.#beat(), intervalMs);
    this.#timer.unref();
  }

  /** Returns what ends the watch. A WebSocket's ends with it. */
  watch(socket: Socket, webSocket?: WebSocket): () => void {
    const life: Life = { webSocket, drained: 0, queued: 0, aliveAt: performance.now() };
    const alive = (): void => void (life.aliveAt = performance.now());
    const unwatch = (): void => void this.#lives.delete(socket);
    this.#lives.set(socket, life);
    webSocket?.on('pong', alive);
    webSocket?.on('message', alive);
    webSocket?.once('close', unwatch);
    return unwatch;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const now = performance.now();
    for (const [socket, life] of this.#lives) {
      const { webSocket } = life;
      const drained = socket.bytesWritten - socket.writableLength;
      const queued = queuedOf(socket);
      const isWaiting = socket.writableLength > 0;
      if (isWaiting ? drained > life.drained || queued < life.queued : !webSocket) life.aliveAt = now;
      life.drained = drained;
      life.queued = queued;
      if (now - life.aliveAt > MAX_SILENCE_MS) socket.destroy();
      else if (webSocket?.readyState === webSocket?.OPEN) webSocket?.ping();
    }
  }
}

/** What is left of one write shows nowhere else: `writableLength` falls when all of it has gone. As `net` itself does for timeouts. */
function queuedOf(socket: Socket): number {
  return (socket as { _handle?: { writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0;
}
