/** The fields of a version: scalars, and nested objects, which belong to their item. Graphcache adds `__typename` to each object of the schema. */
import type { Cache } from '@urql/exchange-graphcache';

export type Fields = Readonly<Record<string, unknown>>;

const isNested = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && typeof (value as Fields)['__typename'] === 'string';

/** The fields of two results of one version, each of which may select other fields. */
export function mergedFields(known: Fields, more: Fields): Fields {
  const merged = Object.entries(more).map(([name, value]) => [name, mergedValue(known[name], value)]);
  return { ...known, ...(Object.fromEntries(merged) as Fields) };
}

function mergedValue(known: unknown, value: unknown): unknown {
  if (isNested(known) && isNested(value)) return mergedFields(known, value);
  if (Array.isArray(known) && Array.isArray(value) && known.length === value.length)
    return value.map((each: unknown, at) => mergedValue(known[at], each));
  return value;
}

/** The names of all fields that some items have, with those of their nested objects. */
export class Shape {
  readonly #fields = new Map<string, Shape>();

  add(value: unknown): void {
    if (Array.isArray(value)) for (const each of value) this.add(each);
    else if (isNested(value)) this.addFields(value);
  }

  addFields(fields: Fields): void {
    for (const [name, value] of Object.entries(fields)) {
      const shape = this.#fields.get(name) ?? new Shape();
      this.#fields.set(name, shape);
      shape.add(value);
    }
  }

  /** Whether the fields have all names. What is null has none inside. */
  isCoveredBy(fields: Fields): boolean {
    return [...this.#fields].every(([name, shape]) => name in fields && shape.#isWithin(fields[name]));
  }

  #isWithin(value: unknown): boolean {
    if (Array.isArray(value)) return value.every((each) => this.#isWithin(each));
    return !isNested(value) || this.isCoveredBy(value);
  }
}

/**
 * Deletes the records of nested objects, because the version has their fields. Otherwise a field that the newest version lacks would be read
 * from the records, which another version wrote.
 */
export function dropRecords(cache: Cache, parent: string, field: string): void {
  const drop = (linked: unknown): void => {
    if (Array.isArray(linked)) return linked.forEach(drop);
    // An object with a key of its own has an entity of its own.
    if (typeof linked !== 'string' || !linked.startsWith(`${parent}.`)) return;
    for (const { fieldKey } of cache.inspectFields(linked)) dropRecords(cache, linked, fieldKey);
    if (cache.resolve(linked, '__typename') !== undefined) cache.invalidate(linked);
  };
  drop(cache.resolve(parent, field));
}
