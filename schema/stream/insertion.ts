import type { GraphQLResolveInfo } from 'graphql';
import { cursorProblem, type InsertInput, keyProblem, ttlProblem } from '../../src/core/input/insert-input.ts';
import type { Item } from '../../src/core/model/change.ts';
import { BadInputError, type Issue } from '../../src/core/model/errors.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import { checkArguments, ifGiven, readOr, withIssues } from '../request/arguments.ts';
import { assertMayWrite } from '../request/caller.ts';
import { answer, asGraphQL } from '../request/errors.ts';
import type { Insertable, InsertionParts, StreamParts } from './collection-parts.ts';
import { spendInsertion } from './item-lists.ts';

export type InsertArguments = Partial<Pick<InsertInput<unknown>, 'ttl' | 'idempotencyKey' | 'ifAbsent' | 'ifCursor'>>;

interface Request {
  readonly inputs: readonly unknown[];
  /** Those beside the inputs. */
  readonly args: InsertArguments;
  readonly isBatch: boolean;
}

type Items = readonly Item<unknown>[];

/** Inserts what a mutation brings: all or nothing. Resolves with the sources of what the mutation shows. */
export async function insert(
  parts: StreamParts,
  insertions: InsertionParts,
  request: Request,
  context: object,
  info: GraphQLResolveInfo,
): Promise<readonly unknown[]> {
  const { names, mapOf, sourceOf, operationOf } = parts;
  const operation = operationOf(context, info);
  const { caller, delivery } = operation;
  const map = mapOf();
  checkBeside(request);
  const { length } = request.inputs;
  const { maxBatch } = map.limits;
  if (insertions.permit) {
    // A huge batch doesn't call the user's code for each of its inputs.
    if (length > maxBatch) checkArguments({ inputs: `must have 1 to ${maxBatch} entries, has ${length}` });
    await insertions.permit(request.inputs, context);
  }
  const place = { isBatch: request.isBatch, valuePath: insertions.valuePath, keyName: names.key.name };
  const inputs = await insertables(insertions, request, context);
  const { keyed, bytes, run } = asGraphQL(() => atClientPaths(place, () => prepare(map, inputs)));
  assertMayWrite(caller, names.plural, keyed);
  spendInsertion(parts, operation, bytes, info);
  // A batch that is too large is refused by the map. It isn't rate-limited, because waiting would not help.
  if (length <= maxBatch) caller.spend(length);
  const inserted = await answer(run());
  delivery.cursor = newest(inserted);
  return sourceOf ? inserted.map(sourceOf) : inserted;
}

/** Checks the arguments beside the inputs. @throws {GraphQLError} `BAD_USER_INPUT` */
function checkBeside({ args, inputs, isBatch }: Request): void {
  const { ttl, idempotencyKey, ifCursor } = args;
  const longest = isBatch && inputs.length > 0 ? inputs.length - 1 : undefined;
  checkArguments({
    ttl: ifGiven(ttl, ttlProblem),
    idempotencyKey: ifGiven(idempotencyKey, (key) => keyProblem(keyOfEntry(key, longest))),
    ifCursor: ifGiven(ifCursor, cursorProblem),
  });
}

/** Each input of a batch has its own idempotency key, because two of them may have the same key. */
const keyOfEntry = (idempotencyKey: string, index: number | undefined): string =>
  index === undefined || idempotencyKey === '' ? idempotencyKey : `${idempotencyKey} ${index}`;

/** The inputs as the map takes them. */
async function insertables(
  { insertionOf }: InsertionParts,
  { inputs, args, isBatch }: Request,
  context: object,
): Promise<readonly Insertable[]> {
  const issues: Issue[] = [];
  const read = inputs.map((input, index) => {
    const base = isBatch ? ['inputs', index] : ['input'];
    return readOr(
      issues,
      () => insertionOf(input, context),
      (path) => [...base, ...path],
    );
  });
  asGraphQL(() => withIssues(issues, () => {}));
  const { ttl, idempotencyKey, ifAbsent, ifCursor } = args;
  const made = await Promise.all(read.map((insertion) => Promise.resolve(insertion)));
  return made.map((insertion, index) => ({
    // Without an issue, each is there.
    ...insertion!,
    ...(ttl != null && { ttl }),
    ...(ifAbsent != null && { ifAbsent }),
    ...(ifCursor != null && { ifCursor }),
    ...(idempotencyKey != null && { idempotencyKey: keyOfEntry(idempotencyKey, isBatch ? index : undefined) }),
  }));
}

/** @throws {BadInputError} for what is wrong in an input. What is too large is refused by `run`, after what the caller may not write. */
function prepare(map: StreamingMap, inputs: readonly Insertable[]) {
  // A map without `keyOf` gets inputs with a key.
  const keyed = map.ruled(inputs as readonly InsertInput<unknown>[]);
  try {
    return { keyed, ...map.prepared(keyed) };
  } catch (error) {
    if (error instanceof BadInputError && error.issues.some(({ path }) => path.length > 1)) throw error;
    return { keyed, bytes: 0, run: (): Promise<Items> => Promise.reject(error) };
  }
}

interface Place {
  readonly isBatch: boolean;
  /** Where the value is in an input. */
  readonly valuePath: readonly string[];
  readonly keyName: string;
}

/** Translates the paths of the core (`inputs, <index>, value, …`) to the paths in the client's arguments. */
function atClientPaths<T>({ isBatch, valuePath, keyName }: Place, read: () => T): T {
  const issues: Issue[] = [];
  const result = readOr(issues, read, ([inputs = '', index = 0, field = '', ...rest]) => {
    const base = isBatch ? [inputs, index] : ['input'];
    if (field === 'key') return [...base, keyName];
    return field === 'value' || field === '' ? [...base, ...valuePath, ...rest] : [...base, field, ...rest];
  });
  // Without an issue, `read` has returned.
  return withIssues(issues, () => result as T);
}

/** The newest cursor. A batch may begin or end with an idempotent repeat, which has an older one. Cursors compare as strings. */
function newest(items: Items): string {
  return items.reduce((cursor, item) => (item.cursor > cursor ? item.cursor : cursor), '');
}
