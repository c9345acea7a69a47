/** The inputs that select items: the same types in the server's schema and in a user's. */
import type { InputRef } from '@pothos/core';
import type { GraphQLResolveInfo } from 'graphql';
import { filterKeysProblem, keyPrefixProblem } from '../../src/core/input/insert-input.ts';
import { type ItemFilter, itemFilter, type ItemFilterInput } from '../../src/core/input/item-filter.ts';
import { ifGiven, issuesOf, withIssues } from '../request/arguments.ts';
import { jsonScalar } from '../request/json-scalar.ts';
import { assertWhereVariables } from '../request/where-variables.ts';
import { JSON_DESCRIPTION, TEXT } from './descriptions.ts';
import type { StreamBuilder } from './stream-builder.ts';

/** The builder's scalar of that name, whoever adds it. */
const JSON_TYPE = 'JSON' as 'String';

/** Adds the inputs ItemFilter and ValueFilter. The scalar JSON must be in the schema when it is built. */
export function addItemFilter(builder: StreamBuilder): InputRef {
  const where = addValueFilter(builder);
  return builder.inputType('ItemFilter', {
    description: TEXT.filter,
    fields: (t) => ({
      keys: t.idList({ required: false, description: TEXT.keys }),
      keyPrefix: t.string({ required: false, description: TEXT.keyPrefix }),
      where: t.field({
        type: where as never,
        required: false,
        description: 'Matches items by their values. Default: every value.',
      }),
    }),
  });
}

/** Keys are IDs, which Pothos also takes for numbers. */
type FilterArg = Omit<ItemFilterInput, 'keys'> & { readonly keys?: readonly (string | number)[] | null | undefined };

/** What the argument `filter` selects, as `CollectionParts.filterOf`. @throws {BadInputError} */
export function itemFilterOf(given: unknown, allowedPrefix: string, info: GraphQLResolveInfo): ItemFilter {
  const { keys, keyPrefix, where } = (given ?? {}) as FilterArg;
  const problems = { keys: ifGiven(keys, filterKeysProblem), keyPrefix: ifGiven(keyPrefix, keyPrefixProblem) };
  const filter = withIssues(issuesOf(['filter'], problems), () =>
    itemFilter({ keys: keys?.map(String), keyPrefix, where }, allowedPrefix),
  );
  assertWhereVariables(info);
  return filter;
}

/** Adds the scalar JSON when the schema is built, unless the user has added one by then. */
export function addMissingJson(builder: StreamBuilder): void {
  builder.configStore.onPrepare(() => {
    if (!builder.configStore.hasImplementation('JSON'))
      builder.addScalarType('JSON' as never, jsonScalar(), { description: JSON_DESCRIPTION });
  });
}

function addValueFilter(builder: StreamBuilder): InputRef {
  const ref = builder.inputRef<object>('ValueFilter');
  return ref.implement({
    description:
      'Matches values. All members that are given must hold; an empty filter matches every value. At most 64 members other than `path` in ' +
      'all, 8 levels of filters in filters, 1,000 elements in all `in` and `notIn`, and 65,536 bytes. Only `eq`, `ne` and `contains` take ' +
      'null. Where `path` leads nowhere, `ne`, `notIn` and `exists: false` hold and everything else does not.',
    fields: (t) => {
      const json = (description: string) => t.field({ type: JSON_TYPE, required: false, description });
      const jsonList = (description: string) =>
        t.field({ type: [JSON_TYPE], required: { list: false, items: true }, description });
      const filters = (description: string) =>
        t.field({ type: [ref], required: { list: false, items: true }, description });
      return {
        path: t.string({
          required: false,
          description:
            'A JSON Pointer (RFC 6901) into the value, such as `/status` or `/tags/0`. `and`, `or` and `not` do not use it. Default: the ' +
            'value itself.',
        }),
        eq: json('Equals this JSON value: numbers by value, objects regardless of the order of their members.'),
        ne: json('Does not equal this JSON value, or is not there.'),
        in: jsonList('Equals one of these JSON values.'),
        notIn: jsonList('Equals none of these JSON values, or is not there.'),
        lt: json('Is less than this number, or comes before this string by code points. Never holds for another type.'),
        lte: json('Is at most this number, or comes before this string by code points or equals it.'),
        gt: json(
          'Is greater than this number, or comes after this string by code points. Never holds for another type.',
        ),
        gte: json('Is at least this number, or comes after this string by code points or equals it.'),
        startsWith: t.string({ required: false, description: 'Is a string that starts with this one.' }),
        contains: json(
          'A string contains this string, an array an element equal to this, or an object each member of this object with an equal value.',
        ),
        exists: t.boolean({
          required: false,
          description: 'Whether `path` leads to something. A null that is in the value is something.',
        }),
        and: filters('The value matches all of these filters. An empty list holds.'),
        or: filters('The value matches at least one of these filters. An empty list does not hold.'),
        not: t.field({ type: ref, required: false, description: 'The value does not match this filter.' }),
      };
    },
  });
}
