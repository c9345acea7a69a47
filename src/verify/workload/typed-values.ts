/** Values of a typed collection, and filters on one or two of their fields. */
import type { DescribedCollection } from '../../described/described-collection.ts';
import type { DescribedField, DescribedType } from '../../described/type-tree.ts';
import type { ValueFilter } from '../check/value-filter.ts';
import { Dice } from './dice.ts';
import { SCALAR_SAMPLES } from './scalar-samples.ts';

const STATUSES = ['open', 'filled', 'cancelled'] as const;
const NUMBERS = 100;
const MAX_DEPTH = 3;
const NULL_CHANCE = 0.1;

type Scalar = string | number | boolean;

interface ChosenField {
  readonly path: string;
  readonly isNullable: boolean;
}

/** A field that has one of a few values. */
interface ChoiceField extends ChosenField {
  readonly choices: readonly Scalar[];
}

interface NumberField extends ChosenField {
  /** The number that a whole number from 0 to 99 stands for. */
  readonly unit: number;
}

/** Makes the field that tells the writes apart, from a number that is different for each of them. */
type Marker = (mark: number, dice: Dice) => Scalar;

export class TypedValues {
  /** Without the key. */
  readonly #inputs: readonly DescribedField[];
  readonly #selected: readonly DescribedField[];
  readonly #marked: { readonly name: string; readonly make: Marker };
  readonly #choices: readonly ChoiceField[];
  readonly #numbers: readonly NumberField[];
  readonly whereKinds: readonly ((dice: Dice) => ValueFilter)[];

  /** @throws Error when a field needs a scalar without a sample, or no field tells the writes apart */
  constructor({ names, inputFields, valueFields }: DescribedCollection) {
    this.#inputs = inputFields.filter(({ name }) => name !== names.key.name);
    this.#selected = valueFields.filter(({ name }) => name !== names.key.name);
    for (const { name, type } of inputFields) assertMade(type, `${names.name}.${name}`);
    const marked = markedField(this.#inputs);
    if (!marked)
      throw new Error(
        `verify can't tell insertions of ${names.name} apart: it needs a field of String, ID, Float or Int besides the key`,
      );
    this.#marked = marked;
    this.#choices = choicesIn(this.#inputs, marked.name);
    this.#numbers = numbersIn(this.#inputs, marked.name);
    const equality = (dice: Dice): ValueFilter => this.#equality(dice);
    const range = (dice: Dice): ValueFilter => this.#range(dice);
    const nested = (dice: Dice): ValueFilter => this.#nested(dice);
    this.whereKinds = this.#numbers.length > 0 ? [equality, range, nested] : [equality, nested];
  }

  made(dice: Dice, id: string): string {
    return this.#text(dice, markOf(id));
  }

  plain(n: number): string {
    return this.#text(new Dice(n), markOf(`run-${n}`));
  }

  /** The JSON of a value, as it was sent or delivered: without nulls, in the order of the selected fields. */
  textOf(value: object): string {
    return JSON.stringify(withoutNulls(this.#selected, value));
  }

  #text(dice: Dice, mark: number): string {
    const value: Record<string, unknown> = {};
    for (const { name, type } of this.#inputs)
      value[name] = name === this.#marked.name ? this.#marked.make(mark, dice) : this.#fieldOf(name, type, dice);
    return this.textOf(value);
  }

  #fieldOf(name: string, type: DescribedType, dice: Dice): unknown {
    const path = `/${name}`;
    const chosen = this.#choices.find((field) => field.path === path);
    const number = this.#numbers.find((field) => field.path === path);
    if (!chosen && !number) return madeOf(type, dice, 0);
    if (type.isNullable && dice.chance(NULL_CHANCE)) return null;
    return chosen ? dice.pick(chosen.choices) : dice.between(0, NUMBERS - 1) * (number?.unit ?? 1);
  }

  #equality(dice: Dice): ValueFilter {
    const kinds = this.#choices.flatMap(({ path, isNullable, choices }): ValueFilter[] => {
      const [one, other] = [dice.pick(choices), dice.pick(choices)];
      const few = [
        { path, eq: one },
        { path, eq: one },
        { path, ne: one },
        { path, in: [one, other] },
      ];
      return [...few, { path, notIn: [one, other] }, ...(isNullable ? [{ path, exists: dice.chance(0.5) }] : [])];
    });
    if (kinds.length > 0) return dice.pick(kinds);
    const path = `/${this.#marked.name}`;
    if (this.#numbers.length > 0) return { not: this.#range(dice) };
    return { path, startsWith: dice.pick(STATUSES).slice(0, 2) };
  }

  #range(dice: Dice): ValueFilter {
    const { path, unit } = dice.pick(this.#numbers);
    const low = dice.between(0, NUMBERS);
    return dice.pick<ValueFilter>([
      { path, gt: low * unit },
      { path, lte: low * unit },
      { path, gte: low * unit, lt: (low + dice.between(1, 20)) * unit },
    ]);
  }

  #nested(dice: Dice): ValueFilter {
    const other = this.#numbers.length > 0 ? this.#range(dice) : this.#equality(dice);
    return dice.pick<ValueFilter>([
      { not: other },
      { or: [this.#equality(dice), other] },
      { and: [this.#equality(dice), { not: this.#equality(dice) }, other] },
    ]);
  }
}

/** `w1-17` is a write of the second writer, `run-17` one of the run itself. There are fewer than seven writers. */
function markOf(id: string): number {
  const [, writer = '7', number = '0'] = /^(?:w(\d)|run)-(\d+)$/.exec(id) ?? [];
  return Number(number) * 8 + Number(writer);
}

const isScalar = ({ type }: DescribedField, ...names: readonly string[]): boolean =>
  type.kind === 'scalar' && names.includes(type.name);

/** More than a round has marks. */
const MARKS = 10_000_000;

function markedField(fields: readonly DescribedField[]): { name: string; make: Marker } | undefined {
  const make = (field: DescribedField | undefined, marker: Marker) => field && { name: field.name, make: marker };
  const padding = (dice: Dice): string => '\u00e9\ud83d\ude00x'.repeat(dice.between(0, 8));
  return (
    make(
      fields.find((field) => isScalar(field, 'String', 'ID')),
      (mark, dice) => `${dice.pick(STATUSES)} ${mark} ${padding(dice)}`,
    ) ??
    // A fraction of two to the power of -27 is exact.
    make(
      fields.find((field) => isScalar(field, 'Float')),
      (mark, dice) => dice.between(0, NUMBERS - 1) + mark / 0x8000000,
    ) ??
    make(
      fields.find((field) => isScalar(field, 'Int')),
      (mark, dice) => dice.between(0, NUMBERS - 1) * MARKS + (mark % MARKS),
    )
  );
}

function choicesIn(fields: readonly DescribedField[], marked: string): ChoiceField[] {
  return fields.flatMap((field): ChoiceField[] => {
    const { name, type } = field;
    const { isNullable } = type;
    const path = `/${name}`;
    if (type.kind === 'enum') return [{ path, isNullable, choices: type.values }];
    if (isScalar(field, 'Boolean')) return [{ path, isNullable, choices: [true, false] }];
    return name !== marked && isScalar(field, 'String', 'ID') ? [{ path, isNullable, choices: STATUSES }] : [];
  });
}

function numbersIn(fields: readonly DescribedField[], marked: string): NumberField[] {
  const numbers = fields.filter((field) => isScalar(field, 'Int', 'Float'));
  return numbers.map((field) => {
    const isMarkedInt = field.name === marked && isScalar(field, 'Int');
    return { path: `/${field.name}`, isNullable: field.type.isNullable, unit: isMarkedInt ? MARKS : 1 };
  });
}

/** @throws Error when the type needs a scalar without a sample */
function assertMade(type: DescribedType, where: string): void {
  if (type.isNullable || type.kind === 'enum' || type.kind === 'list') return;
  if (type.kind === 'object') for (const field of type.fields) assertMade(field.type, `${where}.${field.name}`);
  else if (!SCALAR_SAMPLES.has(type.name))
    throw new Error(`verify has no values of the scalar ${type.name}, which ${where} requires`);
}

function madeOf(type: DescribedType, dice: Dice, depth: number): unknown {
  if (type.isNullable && (depth > MAX_DEPTH || dice.chance(2 * NULL_CHANCE))) return null;
  switch (type.kind) {
    case 'enum':
      return dice.pick(type.values);
    case 'list':
      return isMade(type.of) && depth <= MAX_DEPTH
        ? Array.from({ length: dice.between(0, 3) }, () => madeOf(type.of, dice, depth + 1))
        : [];
    case 'object':
      return Object.fromEntries(type.fields.map(({ name, type: of }) => [name, madeOf(of, dice, depth + 1)]));
    case 'scalar':
      return SCALAR_SAMPLES.get(type.name)?.(dice) ?? null;
  }
}

/** Whether elements of the type can be made. */
function isMade(type: DescribedType): boolean {
  try {
    assertMade(type, '');
    return true;
  } catch {
    return false;
  }
}

function withoutNulls(fields: readonly DescribedField[], value: object): object {
  const members = value as Readonly<Record<string, unknown>>;
  const given = fields.filter(({ name }) => members[name] !== null && members[name] !== undefined);
  return Object.fromEntries(given.map(({ name, type }) => [name, plain(type, members[name])]));
}

function plain(type: DescribedType, value: unknown): unknown {
  if (value === null) return null;
  if (type.kind === 'list') return (value as readonly unknown[]).map((element) => plain(type.of, element));
  return type.kind === 'object' ? withoutNulls(type.fields, value as object) : value;
}
