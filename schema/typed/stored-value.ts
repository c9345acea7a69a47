/** The value to store, from an input. Compiled once a type. */
import { keyProblem, valueIssue } from '../../src/core/input/insert-input.ts';
import { BadInputError, type Issue } from '../../src/core/model/errors.ts';
import type { CollectionDefinition, FieldType, ObjectDefinition } from '../sdl/definition.ts';
import { type Kinds, memberReader } from './kinds.ts';

interface Keyed {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** The JSON to store; undefined for a null, which is left out. */
type Store = (coerced: unknown) => unknown;

/**
 * Makes the function that turns an input, as graphql-js has coerced it, into the key and the value to store.
 * The function throws a `BadInputError` with paths from the input down.
 */
export function keyedValues(kinds: Kinds, collection: CollectionDefinition): (input: unknown) => Keyed {
  const store = new StoreCompiler(kinds).object(collection);
  const { name } = collection.key;
  return (input) => {
    const value = store(input) as Keyed['value'];
    const key = String(value[name]);
    const issues: Issue[] = [];
    const issue = valueIssue(value);
    if (issue) issues.push(issue);
    const problem = keyProblem(key);
    // A text with a lone surrogate has its issue already.
    if (problem !== undefined && issue?.path[0] !== name) issues.push({ path: [name], message: problem });
    if (issues.length > 0) throw new BadInputError(issues);
    return { key, value };
  };
}

class StoreCompiler {
  readonly #kinds: Kinds;
  readonly #objects = new Map<string, Store>();

  constructor(kinds: Kinds) {
    this.#kinds = kinds;
  }

  object({ name, fields }: ObjectDefinition): Store {
    const known = this.#objects.get(name);
    if (known) return known;
    // Known before its fields are, because an object may have fields of its own type.
    const members: { readonly name: string; readonly read: (object: object) => unknown; readonly store: Store }[] = [];
    const store: Store = (coerced) => {
      const value: Record<string, unknown> = {};
      for (const member of members) {
        const given = member.read(coerced as object);
        if (given == null) continue;
        const stored = member.store(given);
        if (stored != null) value[member.name] = stored;
      }
      return value;
    };
    this.#objects.set(name, store);
    for (const field of fields)
      members.push({ name: field.name, read: memberReader(field.name), store: this.#type(field.type) });
    return store;
  }

  #type(type: FieldType): Store {
    if (type.kind === 'list') {
      const element = this.#type(type.of);
      return (coerced) => (coerced as unknown[]).map((given) => (given == null ? null : element(given)));
    }
    const named = this.#kinds.of(type.name);
    if (named.kind === 'object') return this.object(named.definition);
    return named.kind === 'scalar' ? named.scalar.stored : (coerced) => coerced;
  }
}
