/** Transactions as a database writes them: no node appends such a command by itself. */
import { frameOf } from '../../../src/core/model/command.ts';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import type { OracleWrite } from './oracle.ts';

/** The body of the command, by the description of the format rather than by the code that reads it. */
export function transactionBody(writes: readonly OracleWrite<unknown>[]): string {
  const heads = writes.map((write) =>
    'removed' in write ? { key: write.key, removed: true } : { key: write.key, ttl: write.ttl },
  );
  const values = writes.flatMap((write) => ('removed' in write ? [] : [`\n${JSON.stringify(write.value)}`]));
  return `${JSON.stringify({ kind: 'transaction', changes: heads })}${values.join('')}`;
}

export function transactionFrame(id: string, writes: readonly OracleWrite<unknown>[]): Uint8Array {
  return frameOf(id, transactionBody(writes));
}

/** Resolves when the log has it. */
export async function appendTransaction(
  log: Pick<OrderedLog, 'append'>,
  writes: readonly OracleWrite<unknown>[],
): Promise<void> {
  const id = crypto.randomUUID();
  await log.append(transactionFrame(id, writes), id);
}
