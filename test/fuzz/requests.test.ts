import { expect, it } from 'vitest';
import type { Dice } from '../support/random/dice.ts';
import { assertDiscreet, assertResult, parseAnswer } from '../support/fuzz/answers.ts';
import { afterTurns, converse, type Conversation, quoted } from '../support/fuzz/connection.ts';
import { framedRequest, illFramed, type Parts, requestOf } from '../support/fuzz/requests.ts';
import { type Response, responsesIn } from '../support/fuzz/responses.ts';
import { fuzz, startWorld, within, type World } from '../support/fuzz/world.ts';

/** Connections at a time, and what a client may send on one of them without waiting for answers. */
const BATCH = 20;
const PIPELINED = 12;

it(
  'answers or refuses 20,000 mutated HTTP requests, and none as an error of its own',
  { timeout: 600_000 },
  async () => {
    const world = await startWorld();
    await fuzz('requests', { batches: 200, least: 20_000, world }, async (dice) => {
      const counts = await Promise.all(Array.from({ length: BATCH }, () => runConnection(world, dice)));
      return counts.reduce((sum, count) => sum + count, 0);
    });
  },
);

async function runConnection(world: World, dice: Dice): Promise<number> {
  if (dice.once(4)) return runIllFramed(world, dice);
  const requests = Array.from({ length: 1 + dice.below(PIPELINED) }, () => framedRequest(dice, world.cursors));
  // No answer can follow one that may have no end.
  const [streams, others] = [requests.filter(maySubscribe), requests.filter((request) => !maySubscribe(request))];
  await Promise.all([runPipeline(world, others), ...streams.map((request) => runStream(world, dice, request))]);
  return requests.length;
}

const maySubscribe = ({ target, body }: Parts): boolean => `${target}${body.toString('latin1')}`.includes('subscri');

const FAREWELL: Parts = { method: 'GET', target: '/health', headers: ['Connection: close'], body: Buffer.alloc(0) };

/** Each is answered, in its turn. */
async function runPipeline(world: World, requests: readonly Parts[]): Promise<void> {
  const all = [...requests, FAREWELL];
  const methods = all.map(({ method }) => method);
  const responses = await run(world, methods, { bytes: Buffer.concat(all.map(requestOf)) });
  expect(responses).toHaveLength(all.length);
  expect(responses.at(-1)?.status).toBe(200);
}

/** Leaves when the answer has begun, a little sooner or later. */
async function runStream(world: World, dice: Dice, request: Parts): Promise<void> {
  const turns = dice.below(12);
  const responses = await run(world, [request.method], {
    bytes: requestOf({ ...request, headers: [...request.headers, 'Connection: close'] }),
    onReceived: (received, socket) => {
      if (received.indexOf('\r\n\r\n') + 4 < received.length) afterTurns(turns, () => socket.destroy());
    },
  });
  expect(responses).toHaveLength(1);
}

/** There may be no answer, but an end. */
async function runIllFramed(world: World, dice: Dice): Promise<number> {
  await run(world, [], { bytes: dice.pick(illFramed)(dice, world.cursors), endAfterTurns: dice.below(60) });
  return 1;
}

async function run({ server }: World, methods: readonly string[], conversation: Conversation): Promise<Response[]> {
  const what = (): string => `a connection that was sent ${quoted(conversation.bytes)}`;
  const received = await within(what, converse(server, conversation));
  try {
    const responses = [...responsesIn(received, methods)];
    for (const response of responses) assertSound(response);
    return responses;
  } catch (error) {
    throw new Error(`${String(error)}, of ${what()}`, { cause: error });
  }
}

function assertSound({ status, headers, body, isWhole }: Response): void {
  // Of the protocol, what HTTP has a status of its own for: a coding, a version.
  if (status !== 501 && status !== 505) expect(status).toBeLessThan(500);
  const type = headers.get('content-type') ?? '';
  // GraphiQL is what its makers built.
  if (type.startsWith('text/html')) return expect(body).not.toContain(process.cwd());
  assertDiscreet(`${[...headers.values()].join('\n')}\n${body}`);
  for (const text of resultsIn(type, body, isWhole)) assertResult(parseAnswer(text), text);
}

/** The whole ones. */
function resultsIn(type: string, body: string, isWhole: boolean): string[] {
  if (type.startsWith('text/event-stream'))
    return [...body.matchAll(/^data: (.*)\n(?:id:.*\n)?\n/gm)].map(([, result = '']) => result);
  if (type.startsWith('multipart/mixed'))
    return [...body.matchAll(/\r\n\r\n(\{.+\})\r\n--/g)].map(([, part = '']) => payloadOf(part));
  return /\bjson\b/.test(type) && isWhole ? [body] : [];
}

/** A subscription's results are wrapped, those of anything else are not. */
function payloadOf(part: string): string {
  const { payload } = parseAnswer(part) as { payload?: unknown };
  return payload === undefined ? part : JSON.stringify(payload);
}
