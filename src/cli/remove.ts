/** `seamline remove`: removes the items with these keys. */
import { RemoveItemDocument } from '../../schema/documents/graphql.ts';
import type { ServerAddress } from '../http-client/http-client.ts';
import { printEach } from './by-key.ts';
import { call } from './call.ts';
import { addressOf, helpOf, parseArguments, UsageError } from './process/arguments.ts';
import { REMOVE_FLAGS } from './process/command-flags.ts';

export const HELP = `seamline remove: removes the items with these keys

  seamline remove sensor/1
  seamline remove sensor/1 --if-cursor "$(seamline get sensor/1 | jq -r .cursor)"

Prints a line of JSON for each removal. A key without an item is named on stderr; the exit code is then 1. With --if-cursor an item that was
inserted again in the meantime stays, and the command fails with CONFLICT. A key that starts with a dash comes after --:
\`seamline remove -- -1\`.

${helpOf(REMOVE_FLAGS)}
`;

/** Resolves with the exit code. Throws `UsageError`. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals: keys } = parseArguments(args, REMOVE_FLAGS, { allowPositionals: true });
  const { 'if-cursor': ifCursor, ...given } = values;
  const address = addressOf(given);
  if (ifCursor !== undefined && keys.length > 1)
    throw new UsageError(`--if-cursor is the cursor of one item, but there are ${keys.length} keys`);
  return printEach('remove', keys, (key) => removeItem(address, key, ifCursor));
}

/** Resolves with null when no item has the key. */
async function removeItem(address: ServerAddress, key: string, ifCursor: string | undefined): Promise<object | null> {
  const condition = ifCursor === undefined ? {} : { ifCursor };
  try {
    return (await call(address, RemoveItemDocument, { key, ...condition })).removeItem;
  } catch (error) {
    // The server names its argument.
    if (error instanceof Error) error.message = error.message.replace(/^ifCursor:/, '--if-cursor:');
    throw error;
  }
}
