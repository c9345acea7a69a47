import type { Item, RemovedItem } from '../../src/core/model/change.ts';
import { BadInputError } from '../../src/core/model/errors.ts';
import { keyProblem } from '../../src/core/input/insert-input.ts';
import { answer, inputError, refused } from '../request/errors.ts';
import type { PlainOptions } from './options.ts';
import { TEXT } from './descriptions.ts';
import type { StreamBuilder } from './stream-builder.ts';
import { type addChangeTypes } from './stream-definitions.ts';

interface InsertArgs {
  readonly input: unknown;
  readonly idempotencyKey?: string | null | undefined;
}

export function addStreamMutations(
  builder: StreamBuilder,
  options: PlainOptions,
  { removed }: Pick<ReturnType<typeof addChangeTypes>, 'removed'>,
): void {
  const { map, name, input, batch, remove, mayRemove } = options;
  const type = options.type as never;
  const capitalised = options.plural.charAt(0).toUpperCase() + options.plural.slice(1);
  const inputType = input as never;
  const retry = { required: false, description: TEXT.retryArg } as const;

  if (input)
    builder.mutationField(`insert${name}`, (t) =>
      t.field({
        type,
        nullable: false,
        description: `Inserts a ${name}, or replaces the ${name} with the same key.`,
        args: {
          input: t.arg({ type: inputType, required: true, description: 'The value to insert.' }),
          idempotencyKey: t.arg.string(retry),
        },
        resolve: async (_root, args: object, context) => {
          const given = args as InsertArgs;
          const [inserted] = await insert(options, [given.input], given.idempotencyKey, context, ['input']);
          // One input makes one item.
          return inserted!.value as never;
        },
      }),
    );

  if (batch)
    builder.mutationField(`insert${capitalised}`, (t) =>
      t.field({
        type: [type],
        nullable: false,
        description: `Inserts 1 to ${map.limits.maxBatch} of ${name} at consecutive positions: either all or none.`,
        args: {
          inputs: t.arg({ type: [inputType], required: true, description: 'The values to insert.' }),
          idempotencyKey: t.arg.string(retry),
        },
        resolve: async (_root, args: object, context) => {
          const { inputs, idempotencyKey } = args as { inputs: readonly unknown[] } & Omit<InsertArgs, 'input'>;
          const inserted = await insert(options, inputs, idempotencyKey, context);
          return inserted.map(({ value }) => value) as never;
        },
      }),
    );

  if (remove)
    builder.mutationField(`remove${name}`, (t) =>
      t.field({
        type: removed,
        nullable: true,
        description: `Removes the ${name} with this key; null if the key doesn't exist.`,
        args: { key: t.arg.id({ required: true, description: 'The key to remove.' }) },
        resolve: async (_root, { key }, context): Promise<RemovedItem | null> => {
          const problem = keyProblem(key);
          if (problem !== undefined) throw inputError([{ path: ['key'], message: problem }]);
          if (!mayRemove) return answer(map.remove(key));
          const item = map.get(key);
          if (!item) return null;
          assertAllowed(await mayRemove(item.value, context), `remove this ${name}`);
          // `ifCursor`, because another value may have been inserted since `mayRemove` was asked.
          return answer(map.remove(key, { ifCursor: item.cursor }));
        },
      }),
    );
}

/** `path`: the path of a single input; undefined for a batch. */
async function insert(
  { map, name, toValue, mayWrite }: PlainOptions,
  inputs: readonly unknown[],
  idempotencyKey: string | null | undefined,
  context: object,
  path?: readonly string[],
): Promise<readonly Item<unknown>[]> {
  const { maxBatch } = map.limits;
  // Checked here too, so that a huge batch doesn't call the user's code for each entry.
  if (inputs.length > maxBatch) {
    const message = `must have 1 to ${maxBatch} entries, has ${inputs.length}`;
    throw inputError([{ path: ['inputs'], message }]);
  }
  if (mayWrite) for (const input of inputs) assertAllowed(await mayWrite(input, context), `insert this ${name}`);
  const values = await Promise.all(inputs.map((input) => toValue(input, context)));
  try {
    // Each input of a batch gets its own idempotency key, because two of them may have the same key.
    const keyFor = (index: number): string | null | undefined =>
      path || idempotencyKey == null ? idempotencyKey : `${idempotencyKey} ${index}`;
    return await map.insertMany(values.map((value, index) => ({ value, idempotencyKey: keyFor(index) })));
  } catch (error) {
    if (error instanceof BadInputError)
      throw inputError(error.issues.map((issue) => ({ ...issue, path: clientPath(issue.path, path) })));
    return answer(Promise.reject(error));
  }
}

/** Translates a path of the core (`inputs, <index>, value, …`) to the path in the client's arguments. */
function clientPath(
  [inputs = '', index = 0, field = '', ...rest]: readonly (string | number)[],
  path: readonly string[] = [String(inputs), index as never],
): (string | number)[] {
  if (field === 'idempotencyKey') return [field];
  return field === 'value' || field === '' ? [...path, ...rest] : [...path, field, ...rest];
}

function assertAllowed(isAllowed: boolean, action: string): void {
  if (!isAllowed) throw refused('FORBIDDEN', `not allowed to ${action}`);
}
