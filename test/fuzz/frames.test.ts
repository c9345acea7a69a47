import { expect, it } from 'vitest';
import type { Dice } from '../support/random/dice.ts';
import { assertErrors, assertResult, parseAnswer, UnsoundAnswer } from '../support/fuzz/answers.ts';
import { converse, quoted } from '../support/fuzz/connection.ts';
import { BYE, FENCE, frameCases, framesIn, INIT, mutatedUpgrade, UPGRADE } from '../support/fuzz/frames.ts';
import { fuzz, startWorld, within, type World } from '../support/fuzz/world.ts';

/** Connections at a time. */
const BATCH = 50;

/** Of graphql-ws, of WebSockets themselves, and of a client that left. 4500 would be an error of the server. */
const CLOSE_CODES = [1000, 1002, 1003, 1007, 1009, 4400, 4401, 4406, 4409, 4429];

it(
  'closes a WebSocket after a malformed message or frame, 20,000 times, and answers what came before',
  { timeout: 600_000 },
  async () => {
    const world = await startWorld();
    await fuzz('frames', { batches: 175, least: 20_000, world }, async (dice) => {
      const connections = Array.from({ length: BATCH }, () => runConnection(world, dice));
      const counts = await Promise.all(connections);
      return counts.reduce((sum, count) => sum + count, 0);
    });
  },
);

async function runConnection({ server, cursors }: World, dice: Dice): Promise<number> {
  if (dice.once(10)) {
    const bytes = Buffer.concat([mutatedUpgrade(dice), INIT, BYE]);
    assertAnswers(await converse(server, { bytes, endAfterTurns: 0 }));
    return 1;
  }
  const { count, bytes, isBroken } = frameCases(dice, cursors);
  // Half of a frame would swallow the fence.
  const cases = isBroken ? bytes : Buffer.concat([bytes, FENCE]);
  const isHasty = dice.once(20);
  let step: 'joining' | 'sent' | 'leaving' = isHasty ? 'sent' : 'joining';
  const conversing = converse(server, {
    bytes: Buffer.concat([UPGRADE, isHasty ? cases : INIT]),
    ...(isHasty && isBroken && { endAfterTurns: 0 }),
    onReceived: (received, socket) => {
      if (step === 'joining' && received.includes('"connection_ack"')) {
        step = 'sent';
        if (isBroken) socket.end(cases);
        else socket.write(cases);
      }
      if (step === 'sent' && (received.includes('"fence"') || isTold(received))) {
        step = 'leaving';
        if (socket.writable) socket.write(BYE);
      }
    },
  });
  const received = await within(() => `a connection that was sent ${quoted(bytes)}`, conversing);
  const code = assertAnswers(received);
  if (!isBroken) expect(CLOSE_CODES, 'a code to close with').toContain(code);
  return count;
}

/** To leave. */
const isTold = (received: Buffer): boolean => framesBehindHead(received).some(({ opcode }) => opcode === 8);

const framesBehindHead = (received: Buffer) => [...framesIn(received.subarray(received.indexOf('\r\n\r\n') + 4))];

/** The code that the connection was closed with, if any. */
function assertAnswers(received: Buffer): number | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  const head = received.subarray(0, headEnd).toString();
  if (!head.startsWith('HTTP/1.1 101 ')) {
    expect(head === '' || /^HTTP\/1\.1 4\d\d /.test(head), `an answer to the upgrade: ${head}`).toBe(true);
    return undefined;
  }
  let code: number | undefined;
  for (const { opcode, payload } of framesBehindHead(received)) {
    if (opcode === 1) assertMessage(String(payload));
    if (opcode === 8) code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
  }
  if (code !== undefined) expect(CLOSE_CODES, 'a code to close with').toContain(code);
  return code;
}

function assertMessage(text: string): void {
  const { type, payload } = parseAnswer(text) as { type: string; payload?: unknown };
  if (type === 'next') assertResult(payload, text);
  else if (type === 'error') assertErrors(payload, text);
  else if (!['connection_ack', 'pong', 'complete'].includes(type)) throw new UnsoundAnswer('an unknown message', text);
}
