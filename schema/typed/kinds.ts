/** What the names of types in an SDL file stand for. */
import type { EnumDefinition, FieldType, ObjectDefinition, SdlDefinition } from '../sdl/definition.ts';
import { type TypedScalar, typedScalar } from './scalars.ts';

const BUILT_IN = ['ID', 'String', 'Int', 'Float', 'Boolean'] as const;
export type BuiltIn = (typeof BUILT_IN)[number];

export type NamedKind =
  | { readonly kind: BuiltIn }
  | { readonly kind: 'scalar'; readonly scalar: TypedScalar }
  | { readonly kind: 'enum'; readonly definition: EnumDefinition; readonly names: ReadonlySet<string> }
  | { readonly kind: 'object'; readonly definition: ObjectDefinition };

/** Finds types by name. */
export class Kinds {
  readonly #byName = new Map<string, NamedKind>();

  constructor({ objects, enums, scalars }: SdlDefinition) {
    for (const kind of BUILT_IN) this.#byName.set(kind, { kind });
    for (const { name } of scalars) this.#byName.set(name, { kind: 'scalar', scalar: typedScalar(name) });
    for (const definition of enums) {
      const names = new Set(definition.values.map(({ name }) => name));
      this.#byName.set(definition.name, { kind: 'enum', definition, names });
    }
    for (const definition of objects) this.#byName.set(definition.name, { kind: 'object', definition });
  }

  /** @throws {RangeError} for a name that the file doesn't define */
  of(name: string): NamedKind {
    const kind = this.#byName.get(name);
    if (!kind) throw new RangeError(`the type ${name} is not defined`);
    return kind;
  }
}

/** The name of the innermost type. */
export function elementName(type: FieldType): string {
  return type.kind === 'list' ? elementName(type.of) : type.name;
}

/** An own member. A field may have the name of a method that every object inherits. */
export function memberReader(name: string): (object: object) => unknown {
  if (name in Object.prototype)
    return (object) => (Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined);
  return (object) => (object as Record<string, unknown>)[name];
}
