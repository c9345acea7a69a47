/** The inputs that select typed items: `QuoteFilter`, `QuoteWhere`, `FloatCondition`. */
import type { InputRef } from '@pothos/core';
import type { FieldType, ObjectDefinition } from '../sdl/definition.ts';
import { TEXT } from '../stream/descriptions.ts';
import { elementName } from './kinds.ts';
import type { Dynamic, FieldMaker, TypedTypes } from './value-definitions.ts';

const EQUALITY = ['eq', 'ne', 'in', 'notIn'] as const;
const ORDER = ['lt', 'lte', 'gt', 'gte'] as const;
const TEXTUAL = ['startsWith', 'contains'] as const;

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  eq: 'Equals it.',
  ne: 'Does not equal it, or is null.',
  in: 'Equals one of these.',
  notIn: 'Equals none of these, or is null.',
  lt: 'Is less than it.',
  lte: 'Is less than it or equals it.',
  gt: 'Is greater than it.',
  gte: 'Is greater than it or equals it.',
  startsWith: 'Starts with this text.',
  contains: 'Contains this text.',
};

interface Options {
  readonly type: unknown;
  readonly required: boolean | { readonly list: boolean; readonly items: boolean };
  readonly description: string | undefined;
  readonly deprecationReason?: string | undefined;
}

type Members = readonly (readonly [string, Options])[];

const SHARED = Symbol.for('seamline.where-types');

/** Makes each condition and each `…Where` once a builder. */
export class WhereTypes {
  readonly #types: TypedTypes;
  readonly #byName = new Map<string, InputRef>();

  private constructor(types: TypedTypes) {
    this.#types = types;
  }

  static of(types: TypedTypes): WhereTypes {
    const holder = types.builder as { [SHARED]?: WhereTypes };
    return (holder[SHARED] ??= new WhereTypes(types));
  }

  /** The argument `filter` of a collection. */
  filter(definition: ObjectDefinition): InputRef {
    const { name } = definition;
    const where = this.where(definition, false);
    return this.#input(`${name}Filter`, TEXT.filter, () => [
      ['keys', { type: ['ID'], required: { list: false, items: true }, description: TEXT.keys }],
      ['keyPrefix', { type: 'String', required: false, description: TEXT.keyPrefix }],
      ['where', { type: where, required: false, description: 'Matches items by their fields. Default: every item.' }],
    ]);
  }

  /** `isNested`: of the type of a field. Such an object may be null. */
  where({ name, fields }: ObjectDefinition, isNested: boolean): InputRef {
    const typeName = `${name}Where`;
    const description =
      `A filter on the fields of ${name}. All members that are given must hold; without any it matches everything. At most 64 operators in all, 8 levels of ` +
      'filters in filters, 1,000 elements in all `in` and `notIn`, and 65,536 bytes. No member takes null: use `isNull`.';
    return this.#input(
      typeName,
      isNested ? `${description} Where the object is null, only \`isNull\` may hold.` : description,
      (ref) => [
        ...fields.map(({ name: member, type, description: text, deprecationReason }) => {
          const options = { type: this.#condition(type), required: false, description: text, deprecationReason };
          return [member, options] as const;
        }),
        ...(isNested ? [['isNull', flag('Whether the object is null.')] as const] : []),
        ['and', listOf(ref, 'All of these match. An empty list holds.')],
        ['or', listOf(ref, 'At least one of these matches. An empty list does not hold.')],
        ['not', { type: ref, required: false, description: 'This does not match.' }],
      ],
    );
  }

  #condition(type: FieldType): InputRef {
    if (type.kind === 'list') return this.#listCondition(type);
    const named = this.#types.kinds.of(type.name);
    if (named.kind === 'object') return this.where(named.definition, true);
    const leaf = this.#types.leaf(type.name);
    return this.#input(`${type.name}Condition`, `A condition on a field of the type ${type.name}.`, () => {
      const operators: string[] = [...EQUALITY];
      if (['ID', 'String', 'Int', 'Float'].includes(named.kind)) operators.push(...ORDER);
      const isText = named.kind === 'ID' || named.kind === 'String';
      if (isText) operators.push(...TEXTUAL);
      return [
        ...operators.map((operator) => {
          const isOrderOfTexts = isText && (ORDER as readonly string[]).includes(operator);
          const description = `${DESCRIPTIONS[operator] ?? ''}${isOrderOfTexts ? ' Texts compare by code points.' : ''}`;
          const isList = operator === 'in' || operator === 'notIn';
          return [operator, isList ? listOf(leaf, description) : { type: leaf, required: false, description }] as const;
        }),
        ['isNull', flag('Whether the field is null.')],
      ];
    });
  }

  #listCondition({ of }: FieldType & { readonly kind: 'list' }): InputRef {
    const isOfLists = of.kind === 'list';
    const element = elementName(of);
    const named = this.#types.kinds.of(element);
    const isOfObjects = named.kind === 'object';
    const type = isOfObjects ? this.where(named.definition, true) : this.#types.leaf(element);
    const description = isOfObjects ? 'Has an element that matches this.' : 'Has this element.';
    return this.#input(`${stemOf(of)}ListCondition`, `A condition on a list of the type ${element}.`, () => [
      ...(isOfLists ? [] : [['has', { type, required: false, description }] as const]),
      ['isEmpty', flag('Whether the list is empty. A null is not empty.')],
    ]);
  }

  /** Makes the types of the members before it returns, because Pothos takes no further ones when it builds the schema. */
  #input(name: string, description: string, membersOf: (ref: InputRef) => Members): InputRef {
    const known = this.#byName.get(name);
    if (known) return known;
    const ref = this.#types.builder.inputRef<object>(name);
    // Known before its members are, because a type may have members of its own type.
    this.#byName.set(name, ref);
    const members = membersOf(ref);
    ref.implement({
      description,
      fields: (t: unknown) =>
        Object.fromEntries(members.map(([member, options]) => [member, (t as FieldMaker).field(options as Dynamic)])),
    });
    return ref;
  }
}

const stemOf = (type: FieldType): string => (type.kind === 'list' ? `${stemOf(type.of)}List` : type.name);

const flag = (description: string): Options => ({ type: 'Boolean', required: false, description });

function listOf(type: unknown, description: string): Options {
  return { type: [type], required: { list: false, items: true }, description };
}
