/** Checks the types that fields name. */
import { resolvers } from 'graphql-scalars';
import type { FieldDefinition, ObjectDefinition, SdlDefinition } from './definition.ts';
import { Flaw } from './flaw.ts';
import { baseOf } from './generated-names.ts';
import type { FileTypes, Lines } from './statements.ts';

export const BUILT_IN_SCALARS: ReadonlySet<string> = new Set(['ID', 'String', 'Int', 'Float', 'Boolean']);

/** `Void` of graphql-scalars is left out, because it has no value but null. */
export const isKnownScalar = (name: string): boolean => name !== 'Void' && Object.hasOwn(resolvers, name);

/** @throws {Flaw} when a field's type is unknown or a collection, or no finite value fits a type */
export function checkReferences({ definition, lines }: FileTypes): void {
  const { collections, objects, enums, scalars } = definition;
  const data = new Set([...BUILT_IN_SCALARS, ...[...objects, ...enums, ...scalars].map(({ name }) => name)]);
  const isCollection = new Set(collections.map(({ name }) => name));
  for (const { name: owner, fields } of [...collections, ...objects]) {
    for (const { name, type } of fields) {
      const path = `${owner}.${name}`;
      const { name: base } = baseOf(type);
      if (isCollection.has(base))
        throw new Flaw(
          `${path} is of the type ${base}, which is a collection: store the key of the ${base} instead`,
          lines.get(path),
        );
      if (!data.has(base)) throw new Flaw(unknownType(base, path), lines.get(path));
    }
  }
  checkFinite(definition, lines);
}

function unknownType(name: string, path: string): string {
  const advice = isKnownScalar(name) ? `declare it: scalar ${name}` : 'define it in the file';
  return `${path} is of the unknown type ${name}: ${advice}`;
}

/** An object that contains itself through non-null fields has no finite value, so that nobody could insert one. Lists may be empty. */
function checkFinite({ objects }: SdlDefinition, lines: Lines): void {
  const byName = new Map(objects.map((object) => [object.name, object]));
  const finite = new Set<string>();
  const visit = (object: ObjectDefinition, path: readonly string[]): void => {
    for (const field of object.fields) {
      const nested = field.type.kind === 'named' && !field.type.isNullable ? byName.get(field.type.name) : undefined;
      if (nested && !finite.has(nested.name)) visitField(object, field, nested, path);
    }
    finite.add(object.name);
  };
  const visitField = (
    { name }: ObjectDefinition,
    field: FieldDefinition,
    nested: ObjectDefinition,
    path: readonly string[],
  ): void => {
    const longer = [...path, `${name}.${field.name}`];
    const start = longer.findIndex((step) => step.startsWith(`${nested.name}.`));
    if (start === -1) return visit(nested, longer);
    const circle = longer.slice(start);
    throw new Flaw(
      `${nested.name} contains itself through non-null fields (${circle.join(', ')}), so that no value is finite: make one of them nullable`,
      lines.get(circle[0] ?? ''),
    );
  };
  for (const object of objects) visit(object, []);
}
