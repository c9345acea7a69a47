/** Whether stored items fit the type that the SDL file now has for them. */
import { shown } from '../../src/core/input/where/filter-budget.ts';
import { jsonEquals } from '../../src/core/input/where/json-equality.ts';
import type { Item } from '../../src/core/model/change.ts';
import type { CollectionDefinition, FieldType, ObjectDefinition, SdlDefinition } from '../sdl/definition.ts';
import { Kinds, memberReader, type NamedKind } from './kinds.ts';
import type { TypedScalar } from './scalars.ts';

/** What is wrong with a value, after the path: `.price: must be a Float`. Undefined: nothing. */
type Check = (value: unknown) => string | undefined;

/**
 * Makes the check of stored items against the collection's type. It returns what is wrong with one, from the value down. Members that the
 * type doesn't have are fine.
 *
 * @example
 * unfitItem(sdl, quote)(item); // 'price: must be a Float, got "x"'
 */
export function unfitItem(
  sdl: SdlDefinition,
  collection: CollectionDefinition,
): (item: Pick<Item<unknown>, 'key' | 'value'>) => string | undefined {
  const check = new CheckCompiler(new Kinds(sdl)).object(collection);
  const { name } = collection.key;
  return ({ key, value }) => {
    const problem = check(value);
    // Without a field's name it is about the whole value.
    if (problem !== undefined) return problem.startsWith('.') ? problem.slice(1) : `value${problem}`;
    const expected = String((value as Readonly<Record<string, unknown>>)[name]);
    return expected === key ? undefined : `${name}: must equal the key ${shown(key)}, got ${shown(expected)}`;
  };
}

class CheckCompiler {
  readonly #kinds: Kinds;
  readonly #objects = new Map<string, Check>();

  constructor(kinds: Kinds) {
    this.#kinds = kinds;
  }

  object({ name, fields }: ObjectDefinition): Check {
    const known = this.#objects.get(name);
    if (known) return known;
    const members: { readonly name: string; readonly read: (object: object) => unknown; readonly check: Check }[] = [];
    const check: Check = (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return `: must be an object of the type ${name}, got ${shown(value)}`;
      for (const member of members) {
        const problem = member.check(member.read(value));
        if (problem !== undefined) return `.${member.name}${problem}`;
      }
      return undefined;
    };
    // Known before its fields are, because an object may have fields of its own type.
    this.#objects.set(name, check);
    for (const field of fields)
      members.push({ name: field.name, read: memberReader(field.name), check: this.#type(field.type) });
    return check;
  }

  #type(type: FieldType): Check {
    const check = type.kind === 'list' ? this.#list(type.of) : this.#named(this.#kinds.of(type.name));
    return type.isNullable
      ? (value) => (value == null ? undefined : check(value))
      : (value) => (value == null ? ': must not be null' : check(value));
  }

  #list(of: FieldType): Check {
    const check = this.#type(of);
    return (value) => {
      if (!Array.isArray(value)) return `: must be a list, got ${shown(value)}`;
      for (let index = 0; index < value.length; index++) {
        const problem = check(value[index]);
        if (problem !== undefined) return `.${index}${problem}`;
      }
      return undefined;
    };
  }

  #named(named: NamedKind): Check {
    switch (named.kind) {
      case 'ID':
      case 'String':
        return expect(named.kind, (value) => typeof value === 'string');
      case 'Int':
        return expect(named.kind, (value) => typeof value === 'number' && (value | 0) === value);
      case 'Float':
        return expect(named.kind, (value) => typeof value === 'number');
      case 'Boolean':
        return expect(named.kind, (value) => typeof value === 'boolean');
      case 'enum': {
        const { names, definition } = named;
        return expect(definition.name, (value) => typeof value === 'string' && names.has(value));
      }
      case 'scalar':
        return expect(named.scalar.name, (value) => isStoredForm(named.scalar, value));
      case 'object':
        return this.object(named.definition);
    }
  }
}

function expect(name: string, fits: (value: unknown) => boolean): Check {
  const article = /^[aeiou]/i.test(name) ? 'an' : 'a';
  return (value) => (fits(value) ? undefined : `: must be ${article} ${name}, got ${shown(value)}`);
}

/** A value in another notation would be sent as it is, and a filter would not find it. */
function isStoredForm({ parse }: TypedScalar, value: unknown): boolean {
  try {
    return jsonEquals(parse(value), value);
  } catch {
    return false;
  }
}
