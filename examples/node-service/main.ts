/**
 * Adds up the orders of each customer. Each order counts once, however often this process or the server is killed: the totals and
 * the cursor are in one file, which is replaced in one step.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createClient } from 'graphql-ws';
import { persistent, resumable } from 'seamline/client';

const [url = 'ws://127.0.0.1:4000/graphql', file = 'totals.json'] = process.argv.slice(2);

interface State {
  after?: string;
  totals: Record<string, number>;
}

interface Order {
  customer: string;
  cents: number;
}

interface Data {
  items: { key: string; value: Order; cursor: string };
}

let state: State = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as State) : { totals: {} };

function save(next: State): void {
  writeFileSync(`${file}.new`, JSON.stringify(next, null, 2), { flush: true });
  renameSync(`${file}.new`, file);
  state = next;
}

const socket = createClient({ url, ...persistent() });
const client = resumable(socket, {
  onReset() {
    // The server has lost its log: all that it has now comes again.
    console.log('starts over');
    save({ totals: {} });
  },
});

const query = 'subscription { items(filter: { keyPrefix: "order/" }) { key value cursor } }';
const orders = client.iterate<Data>({ query, extensions: { after: state.after } });

for await (const { data, errors } of orders) {
  if (!data) throw new AggregateError(errors ?? [], 'the subscription has ended');
  const { key, value, cursor } = data.items;
  const total = (state.totals[value.customer] ?? 0) + value.cents;
  save({ after: cursor, totals: { ...state.totals, [value.customer]: total } });
  console.log(`${key}: ${value.customer} has ordered for ${total / 100}`);
}
