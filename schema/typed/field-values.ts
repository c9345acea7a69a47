/** What the fields of typed objects resolve to, and what they spend of the answer's budget. */
import type { GraphQLFieldResolver, GraphQLResolveInfo } from 'graphql';
import { stringifyJson } from '../../src/core/model/json.ts';
import { JsonText } from '../../src/core/model/json-text.ts';
import type { Item } from '../../src/core/model/change.ts';
import type { Context } from '../request/context.ts';
import type { FieldText } from '../request/extensions.ts';
import { VALUE_LIST } from '../request/selected-copies.ts';
import type { FieldDefinition, FieldType } from '../sdl/definition.ts';
import { elementName, type Kinds, memberReader, type NamedKind } from './kinds.ts';
import type { LastItem } from './last-item.ts';
import { itemLeafText, memberLeafText } from './leaf-texts.ts';

/** What a field returns for a value that is not null. */
type Present = (value: unknown, context: Context, info: GraphQLResolveInfo) => unknown;
type Resolve<Source> = GraphQLFieldResolver<Source, object>;

/** Of an element of a list, in bytes. */
const ELEMENT_BYTES = 8;

/** How a field gets its value, as Pothos takes it. */
interface Resolution<Source> {
  readonly resolve: Resolve<Source>;
  readonly extensions: { readonly seamline?: { readonly text: FieldText } | typeof VALUE_LIST };
}

/** A field of a collection's type: its source is the item. `index`: of the field in those that `last` reads. */
export function itemField(
  kinds: Kinds,
  last: LastItem,
  { name, type }: FieldDefinition,
  index: number,
): Resolution<Item<unknown>> {
  const member = memberReader(name);
  const read = (item: Item<unknown>): unknown => member(last.value(item));
  return resolution(kinds, type, read, itemLeafText(kinds, type, last, index, read));
}

/** A field of a nested object: its source is JSON. */
export function memberField(kinds: Kinds, { name, type }: FieldDefinition): Resolution<object> {
  const read = memberReader(name);
  return resolution(kinds, type, read, memberLeafText(kinds, type, read));
}

function resolution<Source>(
  kinds: Kinds,
  type: FieldType,
  read: (source: Source) => unknown,
  text: FieldText | undefined,
): Resolution<Source> {
  const present = presentOf(kinds, type);
  const resolve: Resolve<Source> = present
    ? (source, _args, context, info) => {
        const value = read(source);
        return value == null ? null : present(value, context as Context, info);
      }
    : read;
  if (text) return { resolve, extensions: { seamline: { text } } };
  return { resolve, extensions: type.kind === 'list' ? { seamline: VALUE_LIST } : {} };
}

/** Undefined: the field returns the value itself, and spends nothing but a field. */
function presentOf(kinds: Kinds, type: FieldType): Present | undefined {
  if (type.kind === 'named') return presentNamed(kinds.of(type.name));
  const named = kinds.of(elementName(type));
  if (named.kind === 'object') return presentObjects;
  const one = presentNamed(named);
  return (value, context, info) => {
    const count = elementsOf(value);
    context.budget.spendBytes(count * ELEMENT_BYTES);
    return one ? mapElements(value, (member) => one(member, context, info)) : value;
  };
}

function presentObjects(value: unknown, { budget }: Context, info: GraphQLResolveInfo): unknown {
  if (budget.isResult) budget.takeObjects(elementsOf(value), info);
  else budget.spendFields(elementsOf(value), info);
  return value;
}

/** A query has spent its fields with those of the item or of the list that it is in. */
function presentObject(value: unknown, { budget }: Context, info: GraphQLResolveInfo): unknown {
  if (budget.isResult) budget.takeObjects(1, info);
  return value;
}

function presentNamed(named: NamedKind): Present | undefined {
  switch (named.kind) {
    case 'ID':
    case 'String':
      return text;
    case 'scalar':
      if (named.scalar.name === 'DateTime') return date;
      return scalar;
    case 'Int':
    case 'Float':
    case 'Boolean':
    case 'enum':
      return undefined;
    case 'object':
      return presentObject;
  }
}

function text(value: unknown, { budget }: Context): unknown {
  if (typeof value === 'string') budget.spendBytes(value.length);
  return value;
}

/** The scalar takes a date at once, and would parse a text twice. */
function date(value: unknown): unknown {
  return typeof value === 'string' ? new Date(value) : value;
}

function scalar(value: unknown, context: Context): unknown {
  if (typeof value !== 'object' || value === null) return text(value, context);
  const json = stringifyJson(value);
  context.budget.spendBytes(json.length);
  return new JsonText(json);
}

/** Elements of a list, those of the lists in it included. */
function elementsOf(list: unknown): number {
  if (!Array.isArray(list)) return 0;
  let count = list.length;
  for (const element of list) if (Array.isArray(element)) count += elementsOf(element);
  return count;
}

function mapElements(value: unknown, one: (element: unknown) => unknown): unknown {
  if (value == null) return null;
  return Array.isArray(value) ? value.map((element) => mapElements(element, one)) : one(value);
}
