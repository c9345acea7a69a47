/** `seamline get`: prints the items with these keys. */
import { documentsOf } from '../described/documents.ts';
import { keyVariable } from '../described/item-shape.ts';
import { printEach } from './by-key.ts';
import { addressOf, helpOf, parseArguments } from './process/arguments.ts';
import { COLLECTION_FLAGS } from './process/command-flags.ts';
import { call } from './request/call.ts';
import { collectionOf, once } from './request/collection.ts';

export const HELP = `seamline get: prints the items with these keys

  seamline get sensor/1
  seamline get sensor/1 sensor/2 | jq .value
  seamline get --collection quotes ACME

Prints a line of JSON for each item, as \`seamline tail\` does, in the order of the keys. A key without an item is named on stderr; the exit code
is then 1. A key that starts with a dash comes after --: \`seamline get -- -1\`.

${helpOf(COLLECTION_FLAGS)}
`;

/** Resolves with the exit code. Throws `UsageError`. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals: keys } = parseArguments(args, COLLECTION_FLAGS, { allowPositionals: true });
  const { collection, schema, ...given } = values;
  const address = addressOf(given);
  const described = once(() => collectionOf(address, { collection, schema }));
  return printEach('get', keys, async (key) => {
    const of = await described();
    const { get, roots } = documentsOf(of);
    const data = await call(address, get, { key: keyVariable(of, key) });
    return (data as Record<string, object | null>)[roots.get] ?? null;
  });
}
