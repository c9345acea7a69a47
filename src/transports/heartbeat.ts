import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/** Silence after which a connection is taken for dead. */
const MAX_SILENCE_MS = 60_000;

/**
 * Pings, and ends connections that are gone. A connection lives while it answers, sends, or drains what was written to it:
 * who only reads slowly sees a ping late, but is not gone.
 */
export class Heartbeat {
  readonly #watched = new Map<WebSocket, { socket: Socket; drained: number; aliveAt: number }>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(intervalMs: number) {
    this.#timer = setInterval(() => this.#beat(), intervalMs);
    this.#timer.unref();
  }

  watch(webSocket: WebSocket, socket: Socket): void {
    const life = { socket, drained: 0, aliveAt: performance.now() };
    const alive = (): void => void (life.aliveAt = performance.now());
    this.#watched.set(webSocket, life);
    webSocket.on('pong', alive);
    webSocket.on('message', alive);
    webSocket.once('close', () => this.#watched.delete(webSocket));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const now = performance.now();
    for (const [webSocket, life] of this.#watched) {
      const drained = life.socket.bytesWritten - life.socket.writableLength;
      if (drained > life.drained && life.socket.writableLength > 0) life.aliveAt = now;
      life.drained = drained;
      if (now - life.aliveAt > MAX_SILENCE_MS) webSocket.terminate();
      else if (webSocket.readyState === webSocket.OPEN) webSocket.ping();
    }
  }
}
