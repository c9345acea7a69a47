import type { GraphQLResolveInfo } from 'graphql';
import { cursorProblem, keyProblem, type RemoveOptions } from '../../src/core/input/insert-input.ts';
import { checkArguments, ifGiven, keyIn } from '../request/arguments.ts';
import { assertMayWrite } from '../request/caller.ts';
import { answer } from '../request/errors.ts';
import type { FastInsertion } from '../request/fast-insertion.ts';
import type { InsertionParts, RemovalParts, StreamParts } from './collection-parts.ts';
import { TEXT } from './descriptions.ts';
import { insert, type InsertArguments } from './insertion.ts';
import type { StreamBuilder } from './stream-builder.ts';

/** Adds the mutation `insertQuote`, and `insertQuotes` for batches. */
export function addInsertions(builder: StreamBuilder, parts: StreamParts, insertions: InsertionParts): void {
  const { names, texts, operationOf } = parts;
  const [type, input] = [parts.type as never, insertions.input as never];
  const capitalised = names.plural.charAt(0).toUpperCase() + names.plural.slice(1);

  builder.mutationField(`insert${names.name}`, (t) =>
    t.field({
      type,
      nullable: false,
      description: texts.insert,
      extensions: fastInsertion(parts, insertions, false),
      args: {
        input: t.arg({ type: input, required: true, description: texts.inputArg }),
        ...(insertions.hasArguments && {
          ttl: t.arg.int({ required: false, description: TEXT.ttl }),
          idempotencyKey: t.arg.string({ required: false, description: TEXT.retryArg }),
          ifAbsent: t.arg.boolean({ required: false, description: TEXT.ifAbsent }),
          ifCursor: t.arg.string({ required: false, description: TEXT.ifCursor }),
        }),
      },
      resolve: async (_root, args: object, context, info) => {
        const { input: given, ...rest } = args as { input: unknown } & InsertArguments;
        const request = { inputs: [given], args: rest, isBatch: false };
        const [inserted] = await insert(parts, insertions, request, context, info);
        return inserted as never;
      },
    }),
  );

  if (!insertions.hasBatch) return;
  builder.mutationField(`insert${capitalised}`, (t) =>
    t.field({
      type: [type],
      nullable: false,
      description: texts.insertMany,
      extensions: fastInsertion(parts, insertions, true),
      args: {
        inputs: t.arg({ type: [input], required: true, description: texts.inputsArg }),
        ...(insertions.hasArguments && {
          ttl: t.arg.int({ required: false, description: TEXT.ttl }),
          idempotencyKey: t.arg.string({ required: false, description: TEXT.retryArg }),
        }),
      },
      resolve: async (_root, args: object, context, info) => {
        const { inputs, ...rest } = args as { inputs: readonly unknown[] } & InsertArguments;
        operationOf(context, info).budget.spendFields(inputs.length, info);
        const inserted = await insert(parts, insertions, { inputs, args: rest, isBatch: true }, context, info);
        return [...inserted] as never;
      },
    }),
  );
}

/** Adds the mutation `removeQuote`. */
export function addRemoval(builder: StreamBuilder, parts: StreamParts, removal: RemovalParts): void {
  const { names, shared, removedName, texts } = parts;
  builder.mutationField(`remove${names.name}`, (t) =>
    t.field({
      type: shared.removed(removedName),
      nullable: true,
      description: texts.remove,
      args: {
        [names.key.name]: t.arg({ type: names.key.type, required: true, description: 'The key to remove.' }),
        ifCursor: t.arg.string({ required: false, description: TEXT.ifCursor }),
        ...(removal.isIdempotent && {
          idempotencyKey: t.arg.string({ required: false, description: TEXT.retryArg }),
        }),
      },
      resolve: (_root, args: object, context, info) => remove(parts, removal, args, context, info),
    }),
  );
}

async function remove(
  { names, mapOf, operationOf }: StreamParts,
  removal: RemovalParts,
  args: object,
  context: object,
  info: GraphQLResolveInfo,
) {
  const options = args as RemoveOptions;
  const key = keyIn(args, names.key.name);
  checkArguments({
    [names.key.name]: keyProblem(key),
    ifCursor: ifGiven(options.ifCursor, cursorProblem),
    idempotencyKey: ifGiven(options.idempotencyKey, keyProblem),
  });
  const { caller, delivery } = operationOf(context, info);
  assertMayWrite(caller, names.plural, [{ key }]);
  const removed = await answer(removal.remove?.(key, options, context) ?? mapOf().remove(key, options));
  if (removed) delivery.cursor = removed.cursor;
  return removed;
}

function fastInsertion(
  { names, mapOf }: StreamParts,
  { plainInsertionOf }: InsertionParts,
  isBatch: boolean,
): { readonly seamline?: { readonly insertion: FastInsertion } } {
  if (!plainInsertionOf) return {};
  return { seamline: { insertion: { collection: names.plural, mapOf, isBatch, insertionOf: plainInsertionOf } } };
}
