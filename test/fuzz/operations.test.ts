import { it } from 'vitest';
import type { WebSocket } from 'ws';
import type { Dice } from '../support/random/dice.ts';
import { assertErrors, assertResult, parseAnswer, UnsoundAnswer } from '../support/fuzz/answers.ts';
import { operationJson } from '../support/fuzz/operations.ts';
import { eventually, fuzz, openWebSocket, startWorld, type World } from '../support/fuzz/world.ts';

const BATCH = 250;

it(
  'answers 60,000 mutated operations over a WebSocket, each for itself, and keeps the map whole',
  { timeout: 600_000 },
  async () => {
    const world = await startWorld();
    const socket = await openWebSocket(world.server);
    await fuzz('operations', { batches: 240, least: 60_000, world }, (dice, batch) =>
      runBatch(world, socket, dice, `${batch}`),
    );
  },
);

/** The operations that a socket has begun, and what came of them. */
class Operations {
  /** Without an answer so far; the request under its id. */
  readonly unanswered = new Map<string, string>();
  /** Neither the server nor the client has ended them. */
  readonly open = new Set<string>();
  failure: Error | undefined;
  readonly #prefix: string;
  #begun = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  begin(json: string): string {
    const id = `${this.#prefix}.${this.#begun++}`;
    this.unanswered.set(id, json);
    this.open.add(id);
    return id;
  }

  receive(text: string): void {
    try {
      this.#receive(text);
    } catch (error) {
      this.failure ??= error as Error;
    }
  }

  #receive(text: string): void {
    const { type, id, payload } = parseAnswer(text) as { type: string; id: string; payload?: unknown };
    if (!id.startsWith(`${this.#prefix}.`)) return;
    this.unanswered.delete(id);
    if (type === 'next') return assertResult(payload, text);
    this.open.delete(id);
    if (type === 'error') assertErrors(payload, text);
    else if (type !== 'complete') throw new UnsoundAnswer('an unknown message', text);
  }
}

async function runBatch(world: World, socket: WebSocket, dice: Dice, name: string): Promise<number> {
  const operations = new Operations(name);
  const receive = (text: Buffer): void => operations.receive(String(text));
  const closed = (code: number): void => void (operations.failure ??= new Error(`closed with ${code}`));
  socket.on('message', receive).on('close', closed);
  for (let n = 0; n < BATCH; n++) {
    const json = operationJson(dice, world.cursors);
    const id = operations.begin(json);
    socket.send(`{"type":"subscribe","id":"${id}","payload":${json}}`);
    // Some leave before there was an answer.
    if (dice.once(30)) complete(socket, operations, id);
  }
  await eventually(
    'every operation is answered, but for subscriptions that wait',
    () => operations.failure !== undefined || isSettled(world, operations),
    () => [...operations.unanswered.values()].filter((json) => !json.includes('subscription')).join('\n'),
  );
  for (const id of operations.open) complete(socket, operations, id);
  socket.off('message', receive).off('close', closed);
  if (operations.failure) throw operations.failure;
  return BATCH;
}

/** What is open for the client is open on the server, and has been answered unless it is a subscription. */
function isSettled({ server }: World, { open, unanswered }: Operations): boolean {
  if (server.map.subscriptions !== open.size) return false;
  return [...unanswered.values()].every((json) => json.includes('subscription'));
}

function complete(socket: WebSocket, operations: Operations, id: string): void {
  operations.open.delete(id);
  operations.unanswered.delete(id);
  socket.send(`{"type":"complete","id":"${id}"}`);
}
