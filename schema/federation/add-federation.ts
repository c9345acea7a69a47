/** Makes the schema a subgraph of Apollo Federation 2: the fields `_service` and `_entities`. */
import type { Item } from '../../src/core/model/change.ts';
import { assertMayRead } from '../request/caller.ts';
import { type Context, recordHead } from '../request/context.ts';
import { jsonScalar } from '../request/json-scalar.ts';
import type { StreamParts } from '../stream/collection-parts.ts';
import type { StreamBuilder } from '../stream/stream-builder.ts';
import { FEDERATION, federationSdl } from './federation-sdl.ts';
import { assertFew, entitiesOf } from './representations.ts';

type Collection = Pick<StreamParts, 'names' | 'mapOf' | 'type'>;

/** What one `sdl` costs, in items of a page: a schema is a long text, and aliases could repeat it. */
const SDL_ITEMS = 1000;

/** To be called before the schema is built, with all its collections. The builder needs its query type. */
export function addFederation(builder: StreamBuilder, collections: readonly Collection[]): void {
  const any = addAny(builder);
  const service = addService(builder, collections);
  const { entity, nameIn } = addEntity(builder, collections);
  const byName = new Map(collections.map((collection) => [collection.names.name, collection]));

  builder.queryFields((t) => ({
    _service: t.field({
      type: service,
      nullable: false,
      description: 'This server as a subgraph.',
      resolve: () => ({}),
    }),
    _entities: t.field({
      type: [entity],
      nullable: { list: false, items: true },
      description: 'The items with these keys, in this order, all at one position; null for a key that doesn’t exist.',
      args: {
        representations: t.arg({
          type: [any],
          required: true,
          description: 'At most 1,000 objects with `__typename` and the key of an item. Other members are ignored.',
        }),
      },
      resolve: (_root, { representations }, context, info) => {
        const { caller, reads, budget, delivery } = context as Context;
        assertFew(representations);
        // Before each of them is looked at: aliases can repeat the field as often as a document has room for it.
        budget.spendItems(representations.length);
        const entities = entitiesOf(representations, byName);
        const asked = new Set(entities.map(({ collection }) => collection));
        for (const { names } of asked) assertMayRead(caller, names.plural);
        budget.spendFields(entities.length, info);
        const names = nameIn(context);
        return reads.read(() => {
          for (const { mapOf } of asked) recordHead(delivery, mapOf());
          return entities.map(({ collection, key }) => {
            const item = key.startsWith(caller.keyPrefix) ? collection.mapOf().get(key) : undefined;
            if (item) names.set(item, collection.names.name);
            return (item ?? null) as never;
          });
        });
      },
    }),
  }));
}

function addAny(builder: StreamBuilder): 'String' {
  builder.addScalarType(FEDERATION.any as never, jsonScalar(), {
    description: 'An object with `__typename` and the key of an item.',
    specifiedByURL: null,
  });
  return FEDERATION.any as 'String';
}

function addService(builder: StreamBuilder, collections: readonly Collection[]) {
  const names = collections.map((collection) => collection.names);
  let sdl: string | undefined;
  return builder.objectRef<object>(FEDERATION.service).implement({
    description: 'This server as a subgraph.',
    fields: (t) => ({
      sdl: t.string({
        nullable: false,
        description: 'The schema with the directives of federation, for composition.',
        resolve: (_service, _args, context, { schema }) => {
          const { budget } = context as Context;
          sdl ??= federationSdl(schema, names);
          budget.spendItems(SDL_ITEMS);
          budget.spendBytes(sdl.length);
          return sdl;
        },
      }),
    }),
  });
}

/** Items of all collections are of one class, so each operation remembers to which type of the union those that it has read belong. */
function addEntity(builder: StreamBuilder, collections: readonly Collection[]) {
  const operations = new WeakMap<object, Map<Item<unknown>, string>>();
  const nameIn = (context: object): Map<Item<unknown>, string> => {
    let names = operations.get(context);
    if (!names) operations.set(context, (names = new Map()));
    return names;
  };
  const entity = builder.unionType(FEDERATION.entity, {
    description: 'An item of any collection.',
    types: collections.map(({ type }) => type as never),
    resolveType: (item, context) => nameIn(context).get(item as Item<unknown>) as never,
  });
  return { entity, nameIn };
}
