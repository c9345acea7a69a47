/** `seamline remove`: removes the items with these keys. */
import type { DescribedCollection } from '../described/described-collection.ts';
import { documentsOf } from '../described/documents.ts';
import { keyVariable } from '../described/item-shape.ts';
import type { ServerAddress } from '../http-client/http-client.ts';
import { printEach } from './by-key.ts';
import { addressOf, helpOf, parseArguments, UsageError } from './process/arguments.ts';
import { REMOVE_FLAGS } from './process/command-flags.ts';
import { call } from './request/call.ts';
import { collectionOf, once } from './request/collection.ts';

export const HELP = `seamline remove: removes the items with these keys

  seamline remove sensor/1
  seamline remove sensor/1 --if-cursor "$(seamline get sensor/1 | jq -r .cursor)"
  seamline remove --collection quotes ACME

Prints a line of JSON for each removal. A key without an item is named on stderr; the exit code is then 1. With --if-cursor an item that was
inserted again in the meantime stays, and the command fails with CONFLICT. A key that starts with a dash comes after --:
\`seamline remove -- -1\`.

${helpOf(REMOVE_FLAGS)}
`;

/** Resolves with the exit code. Throws `UsageError`. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals: keys } = parseArguments(args, REMOVE_FLAGS, { allowPositionals: true });
  const { 'if-cursor': ifCursor, collection, schema, ...given } = values;
  const address = addressOf(given);
  if (ifCursor !== undefined && keys.length > 1)
    throw new UsageError(`--if-cursor is the cursor of one item, but there are ${keys.length} keys`);
  const described = once(() => collectionOf(address, { collection, schema }));
  return printEach('remove', keys, async (key) => removeItem(address, await described(), key, ifCursor));
}

/** Resolves with null when no item has the key. */
async function removeItem(
  address: ServerAddress,
  collection: DescribedCollection,
  key: string,
  ifCursor: string | undefined,
): Promise<object | null> {
  const { remove, roots } = documentsOf(collection);
  const condition = ifCursor === undefined ? {} : { ifCursor };
  try {
    const data = await call(address, remove, { key: keyVariable(collection, key), ...condition });
    return (data as Record<string, object | null>)[roots.remove] ?? null;
  } catch (error) {
    // The server names its argument.
    if (error instanceof Error) error.message = error.message.replace(/^ifCursor:/, '--if-cursor:');
    throw error;
  }
}
