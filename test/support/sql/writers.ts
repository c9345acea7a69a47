/**
 * Writers with random transactions: in SQL, with savepoints, pauses and rollbacks, and in GraphQL. Most keys are a writer's own; a key is
 * removed once at most, so a removal tells of which transaction it is. Everybody writes the hot keys.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { InsertItemsDocument } from '../../../schema/documents/graphql.ts';
import { type Address, request } from '../clients/clients.ts';
import type { Dice } from '../random/dice.ts';
import type { Change, Record, Transaction } from './transaction.ts';

const HOT_KEYS = 10;
/** In ms. */
const LONGEST_PAUSE = 15;

export interface Writer {
  /** Resolves when its last transaction has ended. */
  stop(): Promise<void>;
}

interface WriterOptions {
  readonly name: string;
  readonly record: Record;
  readonly dice: Dice;
}

function run(turn: (number: number) => Promise<void>): Writer {
  let isOver = false;
  const running = (async () => {
    for (let number = 0; !isOver; number++) await turn(number);
  })();
  running.catch(() => {});
  return {
    async stop() {
      isOver = true;
      await running;
    },
  };
}

export function sqlWriter(url: string, { name, record, dice }: WriterOptions): Writer {
  const removable: string[] = [];
  let client: Client | undefined;
  const pause = (): Promise<void> => sleep(dice.below(LONGEST_PAUSE));

  const connected = async (): Promise<Client> => {
    for (;;) {
      const next = new Client(url);
      next.on('error', () => {});
      try {
        await next.connect();
        return next;
      } catch {
        await sleep(50);
      }
    }
  };

  const write = async (number: number): Promise<void> => {
    client ??= await connected();
    const transaction = `${name}.${number}`;
    const plan = planOf(transaction, dice, removable);
    const isRolledBack = dice.once(4);
    const beganAt = performance.now();
    let outcome: Transaction['outcome'] = 'rolled back';
    try {
      await client.query('begin');
      for (const [n, change] of plan.entries()) {
        if (dice.once(5)) await leaveNothing(client, transaction, n, removable[0]);
        if (dice.once(3)) await client.query('savepoint kept');
        await apply(client, change);
        if (dice.once(3)) await pause();
      }
      if (!isRolledBack) outcome = 'unknown';
      await client.query(isRolledBack ? 'rollback' : 'commit');
      if (!isRolledBack) outcome = 'committed';
    } catch {
      await client.end().catch(() => {});
      client = undefined;
    }
    record.add({ changes: plan, beganAt, outcome, endedAt: outcome === 'unknown' ? Infinity : performance.now() });
    learn(removable, plan, outcome);
    await pause();
  };
  const writer = run(write);
  return {
    async stop() {
      await writer.stop();
      await client?.end();
    },
  };
}

/** Mutations, each of one to three insertions. */
export function graphqlWriter(node: Address, { name, record, dice }: WriterOptions): Writer {
  return run(async (number) => {
    const transaction = `${name}.${number}`;
    const inputs = Array.from({ length: 1 + dice.below(3) }, (_, n) => {
      return { key: dice.once(3) ? hotKey(dice) : `${transaction}.${n}`, value: `${transaction}.${n}` };
    });
    const beganAt = performance.now();
    const outcome = await outcomeOf(node, inputs);
    record.add({ changes: inputs, beganAt, outcome, endedAt: outcome === 'unknown' ? Infinity : performance.now() });
    await sleep(dice.below(LONGEST_PAUSE));
  });
}

async function outcomeOf(node: Address, inputs: { key: string; value: string }[]): Promise<Transaction['outcome']> {
  try {
    const { data, errors } = await request(node, InsertItemsDocument, { inputs });
    if (data) return 'committed';
    const code = errors?.[0]?.extensions['code'];
    if (code === 'ENGINE_UNAVAILABLE') return 'rolled back';
    if (code !== 'INDETERMINATE') throw new Error(JSON.stringify(errors));
  } catch (error) {
    // The node was killed.
    if (!(error instanceof TypeError)) throw error;
    await sleep(50);
  }
  return 'unknown';
}

const hotKey = (dice: Dice): string => `hot-${dice.below(HOT_KEYS)}`;

/** One to five changes. */
function planOf(transaction: string, dice: Dice, removable: readonly string[]): Change[] {
  const changes: Change[] = [];
  const canBeRemoved = new Set(removable);
  const length = 1 + dice.below(5);
  for (let n = 0; n < length; n++) {
    const value = `${transaction}.${n}`;
    const [oldest] = canBeRemoved;
    const again = changes.findLast((change) => change.value !== null);
    if (dice.once(4) && oldest !== undefined) {
      canBeRemoved.delete(oldest);
      changes.push({ key: oldest, value: null });
    } else if (dice.once(4) && again) changes.push({ key: again.key, value });
    else changes.push({ key: dice.once(3) ? hotKey(dice) : value, value });
  }
  return changes;
}

/** A transaction without an answer may have removed its keys. */
function learn(removable: string[], plan: readonly Change[], outcome: Transaction['outcome']): void {
  if (outcome === 'rolled back') return;
  const removed = new Set(plan.filter(({ value }) => value === null).map(({ key }) => key));
  const kept = removable.splice(0).filter((key) => !removed.has(key));
  const added = outcome === 'committed' ? plan.filter(({ key, value }) => key === value).map(({ key }) => key) : [];
  removable.push(...kept, ...added);
}

async function apply(client: Client, { key, value }: Change): Promise<void> {
  if (value === null) await client.query("select seamline.remove('seamline', $1)", [key]);
  else await client.query("select seamline.insert('seamline', $1, to_jsonb($2::text))", [key, value]);
}

/** Changes that are rolled back, of which nobody must hear. */
async function leaveNothing(client: Client, transaction: string, n: number, key?: string): Promise<void> {
  await client.query('savepoint undone');
  const value = `${transaction}.undone.${n}`;
  await apply(client, { key: value, value });
  if (key !== undefined) await apply(client, { key, value: null });
  await client.query('rollback to savepoint undone');
}
