/** The collection that a command reads or writes. */
import { type DescribedCollection, describeCollections, ITEM } from '../../described/described-collection.ts';
import { type Description, DESCRIBE } from '../../described/introspection.ts';
import type { ServerAddress } from '../../http-client/http-client.ts';
import { UsageError } from '../process/arguments.ts';
import { nearest } from '../process/suggestions.ts';
import { call, RefusedError, UnreachableError } from './call.ts';

/** An answer within this time, in ms, or the server is taken for one that refuses introspection. */
const DESCRIBE_TIMEOUT_MS = 10_000;

/** Which collection a command reads or writes. */
export interface CollectionChoice {
  /** The plural name. Undefined: the server's first one. */
  readonly collection?: string | undefined;
  /** An SDL file that describes the collections instead of the server's introspection. */
  readonly schema?: string | undefined;
  /** Whether a server that is away is an error. @default false: it is taken for one whose only collection is `Item` */
  readonly mustBeThere?: boolean;
}

/**
 * The collection that `--collection` names by its plural; the server's first one if it is undefined. A server that does not describe itself,
 * because it refuses introspection or is away, is taken for one whose only collection is `Item`.
 *
 * @throws UsageError when the server or the SDL file has no such collection, or when the file makes no sense
 * @throws UnreachableError when the server is away and must be there
 * @throws Error when the server does not say whether it has the collection
 */
export async function collectionOf(
  address: ServerAddress,
  { collection: name, schema, mustBeThere = false }: CollectionChoice,
): Promise<DescribedCollection> {
  const collections = schema === undefined ? await describedBy(address, name, mustBeThere) : await describedIn(schema);
  if (name === undefined) return collections[0] ?? ITEM;
  const found = collections.find(({ names }) => names.plural === name);
  if (found) return found;
  const plurals = collections.map(({ names }) => names.plural);
  const suggestion = nearest(name, plurals);
  const advice = suggestion === undefined ? `must be one of ${plurals.join(', ')}` : `did you mean ${suggestion}?`;
  const owner = schema === undefined ? 'the server' : schema;
  const problem = `--collection: ${owner} has no collection ${JSON.stringify(name)}`;
  throw new UsageError(plurals.length === 0 ? `${problem}, and no other: check --url` : `${problem}: ${advice}`);
}

async function describedBy(
  address: ServerAddress,
  name: string | undefined,
  mustBeThere: boolean,
): Promise<readonly DescribedCollection[]> {
  try {
    return describeCollections((await call(address, DESCRIBE, {}, DESCRIBE_TIMEOUT_MS)) as Description);
  } catch (error) {
    if (mustBeThere && error instanceof UnreachableError) throw error;
    if (name === undefined || name === ITEM.names.plural) return [ITEM];
    if (!(error instanceof RefusedError)) throw error;
    throw new Error(
      `--collection: the server does not describe its collections: ${error.message}; name its SDL file with --schema`,
      { cause: error },
    );
  }
}

/** Few commands need the parser and the schema, which take longer to load than a request. */
async function describedIn(schema: string): Promise<readonly DescribedCollection[]> {
  const { collectionsIn } = await import('./schema-file.ts');
  return collectionsIn(schema);
}

/** The same promise for all calls; it is made by the first one. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
