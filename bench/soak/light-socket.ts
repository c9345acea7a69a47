/** A WebSocket client that needs very little CPU, so that thousands of them leave the CPU to the server. */
import { connect, type Socket } from 'node:net';
import { PONG } from '../load/wire.ts';
import { text, UPGRADE } from '../../test/support/fuzz/frames.ts';

const [TEXT, CLOSE, PING] = [1, 8, 9];

export interface LightSocket {
  readonly socket: Socket;
  send(message: string): void;
}

export interface LightSocketOptions {
  readonly port: number;
  /** Called once the server has upgraded the connection. */
  readonly onOpen: () => void;
  /** Called with each message. The server sends no fragments. */
  readonly onMessage: (payload: Buffer) => void;
  /** Called once at the end, with the close code or the socket's error, if there was one. */
  readonly onClose: (reason: number | Error | undefined) => void;
}

export function lightSocket({ port, onOpen, onMessage, onClose }: LightSocketOptions): LightSocket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let [held, isOpen, reason] = [[] as Buffer[], false, undefined as number | Error | undefined];
  let [heldBytes, needed] = [0, 0];

  const takeFrames = (bytes: Buffer): number => {
    for (let at = 0; ;) {
      const size = frameSize(bytes, at);
      if (size === undefined || at + size.head + size.body > bytes.length) {
        needed = size === undefined ? 0 : size.head + size.body;
        return at;
      }
      const payload = bytes.subarray(at + size.head, at + size.head + size.body);
      const opcode = bytes.readUInt8(at) & 15;
      at += size.head + size.body;
      if (opcode === TEXT) onMessage(payload);
      else if (opcode === PING) socket.write(PONG);
      else if (opcode === CLOSE) {
        reason = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
        socket.end();
      }
    }
  };

  socket.on('data', (chunk) => {
    held.push(chunk);
    heldBytes += chunk.length;
    // The many chunks of a large frame are joined only once.
    if (heldBytes < needed) return;
    let bytes = held.length === 1 ? chunk : Buffer.concat(held);
    if (!isOpen) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      isOpen = true;
      bytes = bytes.subarray(end + 4);
      onOpen();
    }
    const rest = bytes.subarray(takeFrames(bytes));
    held = rest.length > 0 ? [rest] : [];
    heldBytes = rest.length;
  });
  socket.on('error', (error) => (reason ??= error));
  socket.once('close', () => onClose(reason));
  socket.write(UPGRADE);
  return { socket, send: (message) => void socket.write(text(message)) };
}

function frameSize(bytes: Buffer, at: number): { head: number; body: number } | undefined {
  if (at + 2 > bytes.length) return undefined;
  const code = bytes.readUInt8(at + 1) & 127;
  if (code < 126) return { head: 2, body: code };
  const head = code === 126 ? 4 : 10;
  if (at + head > bytes.length) return undefined;
  return { head, body: code === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2)) };
}
