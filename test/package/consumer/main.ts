/** A first program of a user who has just installed the package. It must compile there, run, and end. */
import { createClient } from 'graphql-ws';
import { createServer, memoryLog, StreamingMap } from 'seamline';
import { resumable } from 'seamline/client';
import { logConformance } from 'seamline/testing';

interface Quote {
  readonly price: number;
}

const quotes = await StreamingMap.open<Quote>({ log: memoryLog(), maxItems: 10 });
await quotes.insert({ key: 'ACME', value: { price: 1 } });
// @ts-expect-error: a price is a number.
const wrong = (): Promise<unknown> => quotes.insert({ key: 'ACME', value: { price: 'one' } });
const prices: number[] = [];
for await (const { value } of quotes.items({ limit: 1 })) prices.push(value.price);
await quotes.close();

for (const { run } of logConformance(() => ({ log: memoryLog({ shared: true }) }))) await run();

const server = await createServer({ port: 0 });
await server.map.insert({ key: 'hello', value: { text: 'world' } });
const client = resumable(createClient({ url: server.webSocketUrl }));
const first = await new Promise((resolve, reject) => {
  const sink = { next: resolve, error: reject, complete: () => reject(new Error('nothing came')) };
  client.subscribe({ query: 'subscription { items(limit: 1) { key value } }' }, sink);
});
await server.drain();
console.info(JSON.stringify({ node: process.versions.node, prices, first, wrong: typeof wrong }));
