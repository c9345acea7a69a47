/** What `seamline get` and `seamline remove` have in common: a line of JSON for each key. */
import { stringifyJson } from '../core/model/json.ts';
import { UsageError } from './process/arguments.ts';
import { closedOutput, LineOutput } from './process/line-output.ts';

/**
 * Prints what `ask` resolves with, key after key, and names each key without an item on stderr.
 * Resolves with the exit code: 1 if a key has no item. Throws `UsageError` when there is no key.
 */
export async function printEach(
  command: string,
  keys: readonly string[],
  ask: (key: string) => Promise<object | null>,
): Promise<number> {
  if (keys.length === 0) throw new UsageError(`${command} needs a key: seamline ${command} KEY`);
  const output = new LineOutput(process.stdout);
  const closed = closedOutput(process.stdout);
  const printed = async (): Promise<number> => {
    let code = 0;
    try {
      for (const key of keys) {
        const answer = await ask(key);
        if (answer) output.write(stringifyJson(answer));
        else {
          code = 1;
          console.error(`seamline: no item has the key ${JSON.stringify(key)}`);
        }
      }
    } finally {
      await output.flushed();
    }
    return code;
  };
  return Promise.race([closed, printed()]);
}
