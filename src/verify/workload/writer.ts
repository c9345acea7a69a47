/** One writer of a round: it inserts, removes, sets conditions, repeats calls, breaks them off, and reads what it wrote. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from '../client/caller.ts';
import { NoAnswerError } from '../client/requests.ts';
import type { Dice } from './dice.ts';
import type { WriteInput } from '../check/history.ts';
import type { Round } from './round.ts';
import { type Call, write, writeSafely } from './recorded-write.ts';

export interface WriterOptions {
  readonly round: Round;
  readonly caller: Caller;
  readonly dice: Dice;
  readonly name: string;
  /** Changes per second, at most. */
  readonly rate: number;
  readonly until: AbortSignal;
}

const MAX_BATCH = 100;

export async function runWriter(options: WriterOptions): Promise<void> {
  const { round, caller, dice, rate, until } = options;
  const plan = new Plan(options);
  const startedAt = performance.now();
  let written = 0;
  while (!until.aborted) {
    const call = plan.next();
    written += call.inputs.length;
    const key = call.inputs[0]?.key ?? '';
    // Breaks the connection while the call is in flight; a caller over HTTP ignores it.
    if (dice.chance(0.02)) setTimeout(() => caller.breakOff(), dice.between(0, 3));
    const { results, error, connection } = await writeSafely(round, caller, call, { isGivenUp: dice.chance(0.3) });
    const cursor = results?.at(-1)?.cursor;
    if (cursor !== undefined) plan.cursors.set(call.inputs.at(-1)?.key ?? '', cursor);
    if (error === 'RATE_LIMITED') await delay(1000);
    else if (error !== null && error !== 'CONFLICT') await delay(50);
    if (dice.chance(0.1)) await write(round, caller, call);
    if (caller.connection !== null && connection === caller.connection && dice.chance(0.2)) await read(options, key);
    const aheadMs = startedAt + (written / rate) * 1000 - performance.now();
    if (aheadMs > 1) await delay(aheadMs, undefined, { signal: until }).catch(() => {});
  }
  caller.breakOff();
}

/** Reads back what was just written, through the same connection. */
async function read({ round, caller }: WriterOptions, key: string): Promise<void> {
  const startedAt = performance.now();
  const { connection } = caller;
  const { documents, keyVariable, entryOf } = round.context.subject;
  try {
    const { data } = await caller.call(documents.get, { key: keyVariable(key) });
    if (!data || connection !== caller.connection) return;
    const item = data.item ? entryOf(data.item) : null;
    round.reads.push({ id: round.nextId('read'), key, connection, startedAt, answeredAt: performance.now(), item });
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
  }
}

class Plan {
  readonly #options: WriterOptions;
  /** By key: the cursor of the last answer. */
  readonly cursors = new Map<string, string>();
  #number = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  next(): Call {
    const kind = this.#options.dice.next();
    if (kind < 0.35) return { kind: 'batch', inputs: this.#batch() };
    if (kind < 0.8) return { kind: 'insert', inputs: [this.#input()] };
    if (kind < 0.9) return { kind: 'remove', inputs: [{ ...this.#input(), value: null }] };
    if (kind < 0.95) return { kind: 'insert', inputs: [{ ...this.#input(), ifAbsent: true }] };
    const input = this.#input();
    return { kind: 'insert', inputs: [{ ...input, ifCursor: this.cursors.get(input.key) }] };
  }

  #batch(): WriteInput[] {
    return Array.from({ length: this.#options.dice.between(2, MAX_BATCH) }, () => this.#input());
  }

  /** Each value is unique, so that it identifies the write; the idempotency key lets a call without an answer be repeated. */
  #input(): WriteInput {
    const { round, dice, name } = this.#options;
    const id = `${name}-${++this.#number}`;
    const { subject } = round.context;
    return { key: dice.pick(round.keys.keys), value: subject.madeValue(dice, id), idempotencyKey: `${round.id} ${id}` };
  }
}
