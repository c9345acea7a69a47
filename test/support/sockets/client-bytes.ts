/** What a client sends, byte by byte: requests of HTTP/1.1 and frames of WebSockets (RFC 6455, section 5.2). */

export const UPGRADE = [
  'GET /graphql HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: graphql-transport-ws',
];

export const requestOf = (lines: readonly string[], body = ''): string => `${lines.join('\r\n')}\r\n\r\n${body}`;

export interface FrameOptions {
  readonly isFinal?: boolean;
  /** The three reserved bits. */
  readonly reserved?: number;
  /** Null for a frame without a mask. @default zeros, so that the payload stays as it is */
  readonly mask?: Buffer | null;
  /** The length in the header, in place of the true one. */
  readonly claimedLength?: bigint;
}

const ZEROS = Buffer.alloc(4);

export function frame(opcode: number, payload: Buffer | string, options: FrameOptions = {}): Buffer {
  const { isFinal = true, reserved = 0, mask = ZEROS, claimedLength } = options;
  const body = Buffer.from(payload as string);
  const length = claimedLength ?? BigInt(body.length);
  const code = length < 126n ? Number(length) : length < 65_536n ? 126 : 127;
  const head = Buffer.alloc(code < 126 ? 2 : code === 126 ? 4 : 10);
  head[0] = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  head[1] = (mask ? 0x80 : 0) | code;
  if (code === 126) head.writeUInt16BE(Number(length), 2);
  if (code === 127) head.writeBigUInt64BE(BigInt.asUintN(64, length), 2);
  if (!mask) return Buffer.concat([head, body]);
  // `& 3` stays inside of the mask.
  return Buffer.concat([head, mask, mask === ZEROS ? body : body.map((byte, n) => byte ^ mask[n & 3]!)]);
}
