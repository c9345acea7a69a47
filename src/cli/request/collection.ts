/** The collection that a command reads or writes. */
import { type DescribedCollection, describeCollections, ITEM } from '../../described/described-collection.ts';
import { type Description, DESCRIBE } from '../../described/introspection.ts';
import type { ServerAddress } from '../../http-client/http-client.ts';
import { UsageError } from '../process/arguments.ts';
import { nearest } from '../process/suggestions.ts';
import { call, RefusedError } from './call.ts';

/** An answer within this time, in ms, or the server is taken for one that refuses introspection. */
const DESCRIBE_TIMEOUT_MS = 10_000;

/**
 * The collection that `--collection` names by its plural; the server's first one if it is undefined. A server that does not describe itself,
 * because it refuses introspection or is away, is taken for one whose only collection is `Item`.
 *
 * @throws UsageError when the server has no such collection
 * @throws Error when it does not say whether it has
 */
export async function collectionOf(address: ServerAddress, name: string | undefined): Promise<DescribedCollection> {
  const collections = await describedBy(address, name);
  if (name === undefined) return collections[0] ?? ITEM;
  const found = collections.find(({ names }) => names.plural === name);
  if (found) return found;
  const plurals = collections.map(({ names }) => names.plural);
  const suggestion = nearest(name, plurals);
  const advice = suggestion === undefined ? `must be one of ${plurals.join(', ')}` : `did you mean ${suggestion}?`;
  const problem = `--collection: the server has no collection ${JSON.stringify(name)}`;
  throw new UsageError(plurals.length === 0 ? `${problem}, and no other: check --url` : `${problem}: ${advice}`);
}

async function describedBy(address: ServerAddress, name: string | undefined): Promise<readonly DescribedCollection[]> {
  try {
    return describeCollections((await call(address, DESCRIBE, {}, DESCRIBE_TIMEOUT_MS)) as Description);
  } catch (error) {
    if (name === undefined || name === ITEM.names.plural) return [ITEM];
    if (!(error instanceof RefusedError)) throw error;
    throw new Error(`--collection: the server does not describe its collections: ${error.message}`, { cause: error });
  }
}

/** The same promise for all calls; it is made by the first one. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
