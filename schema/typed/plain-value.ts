/**
 * The value to store, from an input as it was sent, for the fast path of insertions. It only knows what is plainly right: graphql-js takes
 * everything else, and says what is wrong.
 */
import { keyProblem, valueIssue } from '../../src/core/input/insert-input.ts';
import { isPlainObject } from '../../src/core/input/where/filter-budget.ts';
import type { InsertInput } from '../../src/core/input/insert-input.ts';
import type { CollectionDefinition, FieldType, ObjectDefinition } from '../sdl/definition.ts';
import type { Kinds, NamedKind } from './kinds.ts';
import type { TypedScalar } from './scalars.ts';

type Keyed = Pick<InsertInput<unknown>, 'key' | 'value'>;

/** The JSON to store; undefined for anything unusual. `levels`: how many levels of objects and lists are left. */
type Take = (sent: unknown, levels: number) => unknown;

/** Of a value. */
const MAX_LEVELS = 64;
/** A nested object that has fewer of its type's fields is unusual: many such objects would cost more than their bytes tell. */
const MIN_SHARE = 1 / 8;
const FEW_FIELDS = 16;

/** Makes the function that does the same as `keyedValues` with an input as it was sent, or returns undefined. */
export function plainValues(kinds: Kinds, collection: CollectionDefinition): (input: unknown) => Keyed | undefined {
  const take = new TakeCompiler(kinds).object(collection);
  const { name } = collection.key;
  return (input) => {
    const value = take(input, MAX_LEVELS) as Readonly<Record<string, unknown>> | undefined;
    if (!value) return undefined;
    const key = String(value[name]);
    return keyProblem(key) === undefined ? { key, value } : undefined;
  };
}

interface Member {
  readonly name: string;
  readonly take: Take;
  readonly isNullable: boolean;
}

class TakeCompiler {
  readonly #kinds: Kinds;
  readonly #objects = new Map<string, Take>();

  constructor(kinds: Kinds) {
    this.#kinds = kinds;
  }

  object({ name, fields }: ObjectDefinition): Take {
    const known = this.#objects.get(name);
    if (known) return known;
    const members: Member[] = [];
    const take: Take = (sent, levels) =>
      isPlainObject(sent) && levels > 0 ? takeObject(sent, members, levels) : undefined;
    // Known before its fields are, because an object may have fields of its own type.
    this.#objects.set(name, take);
    for (const { name: member, type } of fields)
      members.push({ name: member, take: this.#type(type), isNullable: type.isNullable });
    return take;
  }

  #type(type: FieldType): Take {
    if (type.kind === 'named') return this.#named(this.#kinds.of(type.name));
    const element = this.#type(type.of);
    const { isNullable } = type.of;
    return (sent, levels) => {
      if (!Array.isArray(sent) || levels === 0) return undefined;
      const stored: unknown[] = [];
      for (let index = 0; index < sent.length; index++) {
        const given: unknown = sent[index];
        const one = given === null && isNullable ? null : element(given, levels - 1);
        if (one === undefined) return undefined;
        stored.push(one);
      }
      return stored;
    };
  }

  #named(named: NamedKind): Take {
    switch (named.kind) {
      case 'ID':
      case 'String':
        return (sent) => (typeof sent === 'string' && sent.isWellFormed() ? sent : undefined);
      case 'Int':
        return (sent) => (typeof sent === 'number' && (sent | 0) === sent ? sent : undefined);
      case 'Float':
        return (sent) => (typeof sent === 'number' && Number.isFinite(sent) ? sent : undefined);
      case 'Boolean':
        return (sent) => (typeof sent === 'boolean' ? sent : undefined);
      case 'enum': {
        const { names } = named;
        return (sent) => (typeof sent === 'string' && names.has(sent) ? sent : undefined);
      }
      case 'scalar':
        return takeScalar(named.scalar);
      case 'object':
        return this.object(named.definition);
    }
  }
}

function takeObject(
  sent: Readonly<Record<string, unknown>>,
  members: readonly Member[],
  levels: number,
): Record<string, unknown> | undefined {
  const sentCount = Object.keys(sent).length;
  const isNested = levels < MAX_LEVELS;
  if (isNested && members.length > FEW_FIELDS && sentCount < members.length * MIN_SHARE) return undefined;
  const value: Record<string, unknown> = {};
  let found = 0;
  for (const { name, take, isNullable } of members) {
    // Also an inherited `constructor`, which graphql-js refuses.
    const given = sent[name];
    if (given === undefined) {
      if (isNullable) continue;
      return undefined;
    }
    found++;
    if (given === null && isNullable) continue;
    const stored = take(given, levels - 1);
    if (stored === undefined) return undefined;
    if (stored !== null) value[name] = stored;
  }
  // Another number of names: one is unknown.
  return sentCount === found ? value : undefined;
}

/** The scalar's own function decides, which graphql-js calls as well. */
function takeScalar({ parse }: TypedScalar): Take {
  return (sent, levels) => {
    if (sent == null) return undefined;
    try {
      const stored = parse(sent);
      return stored !== null && deepIssue(stored, levels) ? undefined : stored;
    } catch {
      return undefined;
    }
  };
}

/** Whether the JSON can't be stored at its place in a value. */
function deepIssue(stored: unknown, levels: number): boolean {
  if (typeof stored !== 'object') return valueIssue(stored) !== undefined;
  // As many objects around it as there are in the value.
  let nested = stored;
  for (let level = levels; level < MAX_LEVELS; level++) nested = [nested];
  return valueIssue(nested) !== undefined;
}
