/** A schema of a file's collections with a query that stores nothing: it says what would be stored, and what a filter holds for. */
import { type ExecutionResult, graphql, type GraphQLSchema } from 'graphql';
import SchemaBuilder from '@pothos/core';
import { DateTimeResolver } from 'graphql-scalars';
import { AnswerBudget } from '../../../schema/request/answer-budget.ts';
import { toGraphQLError } from '../../../schema/request/errors.ts';
import type { CollectionDefinition, SdlDefinition } from '../../../schema/sdl/definition.ts';
import type { CollectionParts } from '../../../schema/stream/collection-parts.ts';
import type { StreamBuilder } from '../../../schema/stream/stream-builder.ts';
import { typedParts } from '../../../schema/typed/typed-parts.ts';
import type { InsertInput } from '../../../src/core/input/insert-input.ts';
import type { ItemFilter } from '../../../src/core/input/item-filter.ts';
import type { Item } from '../../../src/core/model/change.ts';
import { stringifyJson } from '../../../src/core/model/json.ts';
import { resultText } from '../../../src/core/model/json-text.ts';

type Keyed = Pick<InsertInput<unknown>, 'key' | 'value'>;

export interface TypedSchema {
  readonly schema: GraphQLSchema;
  readonly partsOf: (name: string) => CollectionParts;
  /** What the last operation would have stored. */
  readonly stored: Keyed[];
  /** The filters of the last operation. */
  readonly filters: ItemFilter[];
  /** Runs `query` with variables as a transport has parsed them. */
  readonly run: (query: string, variables?: Readonly<Record<string, unknown>>) => Promise<ExecutionResult>;
}

/** Every collection has the fields `put<Name>(input:)`, `find<Name>(filter:)`, and `show<Name>` of what `shown` gives. */
export function typedSchema(sdl: SdlDefinition, shown: (name: string) => unknown = () => ({})): TypedSchema {
  const builder = new SchemaBuilder({ defaultFieldNullability: false } as never) as unknown as StreamBuilder;
  builder.addScalarType('DateTime' as never, DateTimeResolver, {});
  const stored: Keyed[] = [];
  const filters: ItemFilter[] = [];
  const parts = new Map<string, CollectionParts>();
  for (const collection of sdl.collections)
    parts.set(
      collection.name,
      typedParts(builder, sdl, collection, () => {
        throw new Error('there is no map');
      }),
    );
  builder.queryType({
    fields: (t: never) => Object.fromEntries(sdl.collections.flatMap((collection) => fieldsOf(t, collection))),
  } as never);

  function fieldsOf(
    t: { field: (options: object) => unknown; arg: (options: object) => unknown },
    { name }: CollectionDefinition,
  ) {
    const { type, input, filter, keyedValueOf, filterOf } = partsOf(name);
    const put = t.field({
      type,
      nullable: false,
      args: { input: t.arg({ type: input, required: true }) },
      resolve: asGraphQL((_root: unknown, args: { input: unknown }) => {
        const keyed = keyedValueOf(args.input);
        stored.push(keyed);
        return itemOf(keyed.value, keyed.key);
      }),
    });
    const find = t.field({
      type: 'Boolean',
      nullable: true,
      args: { filter: t.arg({ type: filter, required: false }) },
      resolve: asGraphQL((_root: unknown, args: { filter: unknown }, _context: unknown, info: never) => {
        filters.push(filterOf(args.filter, '', info));
        return true;
      }),
    });
    const show = t.field({ type, nullable: true, resolve: () => itemOf(shown(name)) });
    return [
      [`put${name}`, put],
      [`find${name}`, find],
      [`show${name}`, show],
    ] as const;
  }

  function partsOf(name: string): CollectionParts {
    const found = parts.get(name);
    if (!found) throw new Error(`no collection ${name}`);
    return found;
  }

  const schema = builder.toSchema();
  const run: TypedSchema['run'] = async (source, variableValues) => {
    stored.length = 0;
    filters.length = 0;
    const result = await graphql({
      schema,
      source,
      ...(variableValues && { variableValues }),
      contextValue: { budget: new AnswerBudget() },
    });
    // As a client reads it.
    return { ...(JSON.parse(resultText(result)) as ExecutionResult), ...(result.errors && { errors: result.errors }) };
  };
  return { schema, partsOf, stored, filters, run };
}

function asGraphQL<Args extends unknown[]>(resolve: (...args: Args) => unknown) {
  return (...args: Args): unknown => {
    try {
      return resolve(...args);
    } catch (error) {
      throw toGraphQLError(error);
    }
  };
}

/** An item as a replica holds it. */
export function itemOf(value: unknown, key = 'a'): Item<unknown> {
  const json = stringifyJson(value);
  return {
    key,
    value: JSON.parse(json) as unknown,
    json,
    bytes: json.length,
    timestamp: 0,
    expiresAt: null,
    cursor: 'c' as never,
    position: 1 as never,
    digest: 0,
    following: 0,
  };
}
