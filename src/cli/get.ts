/** `seamline get`: prints the items with these keys. */
import { ItemDocument } from '../../schema/documents/graphql.ts';
import { printEach } from './by-key.ts';
import { call } from './call.ts';
import { addressOf, helpOf, parseArguments } from './process/arguments.ts';
import { SERVER_FLAGS } from './process/command-flags.ts';

export const HELP = `seamline get: prints the items with these keys

  seamline get sensor/1
  seamline get sensor/1 sensor/2 | jq .value

Prints a line of JSON for each item, as \`seamline tail\` does, in the order of the keys. A key without an item is named on stderr; the exit code
is then 1. A key that starts with a dash comes after --: \`seamline get -- -1\`.

${helpOf(SERVER_FLAGS)}
`;

/** Resolves with the exit code. Throws `UsageError`. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals: keys } = parseArguments(args, SERVER_FLAGS, { allowPositionals: true });
  const address = addressOf(values);
  return printEach('get', keys, async (key) => (await call(address, ItemDocument, { key })).item);
}
