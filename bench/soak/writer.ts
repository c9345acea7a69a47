/** Writes batches and removals over one WebSocket, each once the previous one is answered. */
import type { Ledger } from './ledger.ts';
import { type Status, statusAt } from './selection.ts';
import { lightSocket } from './light-socket.ts';

const KEYS = 100;
const BATCH = 20;
/** One call in this many is a removal. */
const BATCHES_PER_REMOVAL = 5;
const FILLER = 'x'.repeat(80);

interface WriterOptions {
  readonly port: number;
  readonly name: string;
  readonly ledger: Ledger;
  readonly until: AbortSignal;
}

interface Answer {
  readonly payload?: {
    readonly data?: {
      readonly insertItems?: readonly { key: string; cursor: string }[];
      readonly removeItem?: { key: string; cursor: string } | null;
    };
  };
}

/** Writes until `until` is aborted. Resolves with the number of changes once the last call is answered. */
export function runWriter({ port, name, ledger, until }: WriterOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    let [round, count, written, isOpen] = [0, 0, 0, false];
    let statuses: readonly Status[] = [];
    const send = (query: string, variables: object): void =>
      light.send(JSON.stringify({ type: 'subscribe', id: `${round}`, payload: { query, variables } }));
    const write = (): void => {
      round++;
      if (round % BATCHES_PER_REMOVAL === 0 && !until.aborted) {
        ledger.asked++;
        return send('mutation ($key: ID!) { removeItem(key: $key) { key cursor } }', { key: keyOf(count - 1) });
      }
      ledger.asked += BATCH;
      const inputs = Array.from({ length: BATCH }, () => {
        const value = { writer: name, status: statusAt(count), count, filler: FILLER };
        return { key: keyOf(count++), value };
      });
      statuses = inputs.map(({ value }) => value.status);
      send('mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key cursor } }', { inputs });
    };
    const keyOf = (n: number): string => `${name}-${n % KEYS}`;
    const light = lightSocket({
      port,
      onOpen: () => light.send('{"type":"connection_init"}'),
      onMessage: (message) => {
        if (!isOpen) {
          isOpen = true;
          return write();
        }
        const { payload } = JSON.parse(message.toString()) as Answer;
        // A `complete` message after the result.
        if (payload === undefined) return;
        const { insertItems = [], removeItem } = payload.data ?? {};
        for (const [index, { key, cursor }] of insertItems.entries()) ledger.learn(key, cursor, false, statuses[index]);
        if (removeItem) ledger.learn(removeItem.key, removeItem.cursor, true);
        written += insertItems.length + (removeItem ? 1 : 0);
        if (!until.aborted || insertItems.length === 0) return write();
        light.socket.end();
        resolve(written);
      },
      onClose: (reason) => reject(new Error(`the connection of writer ${name} was closed`, { cause: reason })),
    });
  });
}
