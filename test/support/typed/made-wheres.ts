/** Typed filters with few operands, so that they often match. */
import fc from 'fast-check';
import type { FieldDefinition, FieldType, ObjectDefinition, SdlDefinition } from '../../../schema/sdl/definition.ts';
import { samplesOf } from './made-values.ts';

type Entry = readonly [string, unknown];

const EQUALITY = ['eq', 'ne', 'in', 'notIn'];
const ORDER = ['lt', 'lte', 'gt', 'gte'];

/** A `…Where` of the type. */
export function madeWhere(
  sdl: SdlDefinition,
  definition: ObjectDefinition,
  levels = 3,
  isRoot = true,
): fc.Arbitrary<object> {
  // graphql-js takes an inherited `constructor` for a member that is there.
  const fields = definition.fields.filter(({ name }) => !(name in Object.prototype));
  const ofFields = fields.map((field) => madeField(sdl, field, levels)).filter((made) => made !== undefined);
  const isNull = isRoot ? [] : [fc.boolean().map((flag): Entry => ['isNull', flag])];
  const below =
    levels > 0 ? fc.constant(undefined).chain(() => madeWhere(sdl, definition, levels - 1, isRoot)) : undefined;
  const combined = below
    ? [
        fc.array(below, { maxLength: 2 }).map((list): Entry => ['and', list]),
        fc.array(below, { maxLength: 3 }).map((list): Entry => ['or', list]),
        below.map((one): Entry => ['not', one]),
      ]
    : [];
  const members = [
    ...ofFields.map((arbitrary) => ({ arbitrary, weight: 3 })),
    ...[...isNull, ...combined].map((arbitrary) => ({ arbitrary, weight: 1 })),
  ];
  if (members.length === 0) return fc.constant({});
  return fc.array(fc.oneof(...members), { maxLength: 2 }).map((entries) => Object.fromEntries(entries));
}

function madeField(
  sdl: SdlDefinition,
  { name, type }: FieldDefinition,
  levels: number,
): fc.Arbitrary<Entry> | undefined {
  const object = type.kind === 'named' ? sdl.objects.find((one) => one.name === type.name) : undefined;
  if (object) {
    if (levels === 0) return undefined;
    return fc
      .constant(object)
      .chain((one) => madeWhere(sdl, one, levels - 1, false))
      .map((where): Entry => [name, where]);
  }
  const operators = type.kind === 'list' ? listOperators(sdl, type.of, levels) : scalarOperators(sdl, type.name);
  return fc
    .array(fc.oneof(...operators), { maxLength: 2 })
    .map((entries): Entry => [name, Object.fromEntries(entries)]);
}

function listOperators(sdl: SdlDefinition, of: FieldType, levels: number): fc.Arbitrary<Entry>[] {
  const isEmpty = fc.boolean().map((flag): Entry => ['isEmpty', flag]);
  if (of.kind === 'list') return [isEmpty];
  const object = sdl.objects.find(({ name }) => name === of.name);
  if (!object) return [isEmpty, fc.constantFrom(...samplesOf(sdl, of.name)).map(({ sent }): Entry => ['has', sent])];
  if (levels === 0) return [isEmpty];
  return [
    isEmpty,
    fc
      .constant(object)
      .chain((one) => madeWhere(sdl, one, levels - 1, false))
      .map((where): Entry => ['has', where]),
  ];
}

function scalarOperators(sdl: SdlDefinition, name: string): fc.Arbitrary<Entry>[] {
  const one = fc.constantFrom(...samplesOf(sdl, name)).map(({ sent }) => sent);
  const isText = name === 'ID' || name === 'String';
  const operators = [
    ...EQUALITY,
    ...(isText || name === 'Int' || name === 'Float' ? ORDER : []),
    ...(isText ? ['startsWith', 'contains'] : []),
  ];
  return [
    fc.boolean().map((flag): Entry => ['isNull', flag]),
    ...operators.map((operator) => {
      const given = operator === 'in' || operator === 'notIn' ? fc.array(one, { maxLength: 3 }) : one;
      return given.map((operand): Entry => [operator, operand]);
    }),
  ];
}
