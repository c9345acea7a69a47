/** What `_entities` is asked for: `{ __typename: "Quote", symbol: "A" }`, with any further members, which are ignored. */
import type { Issue } from '../../src/core/model/errors.ts';
import { inputError } from '../request/errors.ts';
import type { CollectionNames } from '../sdl/definition.ts';

/** Of one `_entities` field: as many as a page may have. */
const MAX_REPRESENTATIONS = 1000;
/** Of a client's text in an error. */
const MAX_SHOWN = 80;

export interface Entity<Collection> {
  readonly collection: Collection;
  readonly key: string;
}

/** @throws {GraphQLError} `BAD_USER_INPUT` */
export function assertFew({ length }: readonly unknown[]): void {
  if (length > MAX_REPRESENTATIONS)
    throw wrong(
      [],
      `must have at most ${MAX_REPRESENTATIONS} entries, has ${length}: divide them among several requests`,
    );
}

/**
 * Finds the collection and the key of each representation. `collections`: by the names of their types.
 * @throws {GraphQLError} `BAD_USER_INPUT` for the first one that is wrong, with its path
 */
export function entitiesOf<Collection extends { readonly names: CollectionNames }>(
  representations: readonly unknown[],
  collections: ReadonlyMap<string, Collection>,
): Entity<Collection>[] {
  return representations.map((representation, index) => {
    if (typeof representation !== 'object' || representation === null || Array.isArray(representation))
      throw wrong([index], `must be an object with __typename and a key, got ${kindOf(representation)}`);
    const typeName = memberOf(representation, '__typename');
    const collection = typeof typeName === 'string' ? collections.get(typeName) : undefined;
    if (!collection)
      throw wrong([index, '__typename'], `must be ${[...collections.keys()].join(' or ')}, got ${shown(typeName)}`);
    const { name, type } = collection.names.key;
    const given = memberOf(representation, name);
    const key = keyOf(type, given);
    if (key === undefined)
      throw wrong([index, name], `must be the key of ${collection.names.name}, of type ${type}, got ${shown(given)}`);
    return { collection, key };
  });
}

/** The key as items have it. Undefined for a value that an argument of the key's type would not accept. */
function keyOf(type: CollectionNames['key']['type'], given: unknown): string | undefined {
  if (typeof given === 'string') return type === 'Int' ? undefined : given;
  if (type === 'String' || !Number.isInteger(given)) return undefined;
  return type === 'ID' || given === (Number(given) | 0) ? String(given) : undefined;
}

const memberOf = (value: object, name: string): unknown =>
  Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;

const wrong = (path: Issue['path'], message: string) => inputError([{ path: ['representations', ...path], message }]);

function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return kindOf(value);
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value;
}
