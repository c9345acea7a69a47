/** The parts of a collection whose values have a type of an SDL file. */
import type { GraphQLResolveInfo } from 'graphql';
import { filterKeysProblem, keyPrefixProblem } from '../../src/core/input/insert-input.ts';
import type { ItemFilter } from '../../src/core/input/item-filter.ts';
import { keyFilter } from '../../src/core/input/key-filter.ts';
import { BadInputError, type Issue } from '../../src/core/model/errors.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import { assertWhereVariables } from '../request/where-variables.ts';
import type { CollectionDefinition, SdlDefinition } from '../sdl/definition.ts';
import type { CollectionParts } from '../stream/collection-parts.ts';
import type { StreamBuilder } from '../stream/stream-builder.ts';
import type { Kinds } from './kinds.ts';
import { plainValues } from './plain-value.ts';
import { keyedValues } from './stored-value.ts';
import { TypedTypes } from './value-definitions.ts';
import { typedFilter } from './where-reader.ts';
import { WhereTypes } from './where-inputs.ts';

/**
 * Adds the object type, the inputs and the filter of a collection to the builder, which has the scalars JSON and DateTime. To be called once a
 * collection; types that collections share are made once a builder.
 */
export function typedParts(
  builder: StreamBuilder,
  sdl: SdlDefinition,
  collection: CollectionDefinition,
  mapOf: () => StreamingMap,
): CollectionParts {
  const types = TypedTypes.of(builder, sdl);
  const { kinds } = types;
  return {
    names: collection,
    mapOf,
    type: types.item(collection),
    input: types.input(collection),
    filter: WhereTypes.of(types).filter(collection),
    filterOf: filters(kinds, collection),
    keyedValueOf: keyedValues(kinds, collection),
    plainValueOf: plainValues(kinds, collection),
  };
}

interface FilterInput {
  readonly keys?: readonly string[] | null;
  readonly keyPrefix?: string | null;
  readonly where?: unknown;
}

function filters(kinds: Kinds, collection: CollectionDefinition): CollectionParts['filterOf'] {
  return (given: unknown, allowedPrefix: string, info: GraphQLResolveInfo): ItemFilter => {
    assertWhereVariables(info);
    const input = given as FilterInput | null | undefined;
    const issues: Issue[] = [];
    const check = (name: string, message: string | undefined): void => {
      if (message !== undefined) issues.push({ path: ['filter', name], message });
    };
    if (input?.keys != null) check('keys', filterKeysProblem(input.keys));
    if (input?.keyPrefix != null) check('keyPrefix', keyPrefixProblem(input.keyPrefix));
    if (issues.length > 0) throw new BadInputError(issues);
    const keys = keyFilter(input, allowedPrefix);
    if (input?.where == null) return keys;
    return { ...keys, where: typedFilter(kinds, collection, input.where, ['filter', 'where']) };
  };
}
