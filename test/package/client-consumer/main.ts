/** A first program of a user who has installed the client alone. The test replaces `seamline/client` by the name of that package. */
import { createClient } from 'graphql-ws';
import { mirror, type MirrorStatus, persistent, resumable } from 'seamline/client';

const client = createClient({ url: process.argv[2] ?? '', ...persistent() });
const items = mirror<{ text: string }>(client);
const statuses: MirrorStatus[] = [];
await new Promise<void>((resolve) => {
  items.subscribe(() => {
    statuses.push(items.state.status);
    if (items.state.isLoaded) resolve();
  });
});
const texts = [...items.items.values()].map(({ value }) => value.text);
// @ts-expect-error: a value has a text.
const wrong = (): unknown => [...items.items.values()].map(({ value }) => value.price);
const first = await resumable(client).iterate({ query: 'subscription { items(limit: 1) { key } }' }).next();
await client.dispose();
console.info(JSON.stringify({ texts, statuses, first: first.value, wrong: typeof wrong }));
process.exit();
