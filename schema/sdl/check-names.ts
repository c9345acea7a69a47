/** Checks the names of a file: those that the server needs itself, and those that it would make twice. */
import type { CollectionDefinition, SdlDefinition } from './definition.ts';
import { BUILT_IN_SCALARS, isKnownScalar } from './check-references.ts';
import { Flaw } from './flaw.ts';
import { type GeneratedName, generatedNames, rootFieldsOf, whereName } from './generated-names.ts';
import type { FileTypes, Lines } from './statements.ts';

const ROOT_TYPES = new Set(['Query', 'Mutation', 'Subscription']);
const SERVER_TYPES = new Set([
  // Of every schema.
  'RemovedItem',
  'RemovalReason',
  'OnLag',
  'PageInfo',
  'StreamStatus',
  // Of Apollo Federation.
  '_Any',
  '_Entity',
  '_Service',
  'FieldSet',
  '_FieldSet',
]);
/** Those that the server makes itself: a file that declares them means the same. */
const SERVER_SCALARS = new Set(['DateTime', 'JSON']);
/** Fields of `Query` that Apollo Federation needs. */
const FEDERATION_FIELDS = ['_service', '_entities'];

/** The server adds these to each collection. It adds `id` too, unless the collection has one. */
const ADDED_FIELDS = new Set(['cursor', 'timestamp', 'expiresAt']);

/** Of a plural, which names a directory and a stream. */
const MAX_PLURAL_LENGTH = 64;
/** Files in the directory of a server without a schema, where each collection has a directory. */
const FILES_OF_LOG = new Set(['lock', 'mark']);

/** @throws {Flaw} */
export function checkNames({ definition, lines }: FileTypes): void {
  checkTypes(definition, lines);
  checkScalars(definition, lines);
  checkFields(definition, lines);
  checkGenerated(definition, lines);
  for (const collection of definition.collections) checkPlural(collection, lines);
  checkRootFields(definition, lines);
  checkPlurals(definition, lines);
}

function checkTypes({ collections, objects, enums, scalars }: SdlDefinition, lines: Lines): void {
  const declared = new Set(scalars.map(({ name }) => name));
  for (const { name } of [...collections, ...objects, ...enums, ...scalars]) {
    const line = lines.get(name);
    if (ROOT_TYPES.has(name))
      throw new Flaw(`${name} is a root type: remove it; the server makes the root types from the collections`, line);
    if (SERVER_TYPES.has(name)) throw new Flaw(`${name} is the name of a type that the server makes: rename it`, line);
    if (BUILT_IN_SCALARS.has(name)) {
      const advice = declared.has(name) ? 'remove the declaration' : 'rename it';
      throw new Flaw(`${name} is a scalar of GraphQL itself: ${advice}`, line);
    }
    if (SERVER_SCALARS.has(name) && !declared.has(name))
      throw new Flaw(`${name} is the name of a scalar that the server makes: rename it`, line);
  }
}

function checkScalars({ scalars }: SdlDefinition, lines: Lines): void {
  for (const { name } of scalars)
    if (!isKnownScalar(name))
      throw new Flaw(
        `graphql-scalars has no scalar ${name}: use one that it has, such as DateTime, or String`,
        lines.get(name),
      );
}

function checkFields({ collections, objects }: SdlDefinition, lines: Lines): void {
  const refuse = (owner: string, field: string, why: string): never => {
    throw new Flaw(`${owner}.${field} ${why}`, lines.get(`${owner}.${field}`));
  };
  const operators = new Set(['and', 'or', 'not']);
  for (const { name, fields } of collections)
    for (const { name: field } of fields) {
      if (ADDED_FIELDS.has(field))
        refuse(name, field, `has the name of a field that the server adds to each collection: rename the field`);
      if (operators.has(field))
        refuse(name, field, `clashes with "${field}" of the filter ${whereName(name)}: rename the field`);
    }
  for (const { name, fields } of objects)
    for (const { name: field } of fields)
      if (operators.has(field) || field === 'isNull')
        refuse(name, field, `clashes with "${field}" of the filter ${whereName(name)}: rename the field`);
}

function checkGenerated(definition: SdlDefinition, lines: Lines): void {
  const made = new Map<string, GeneratedName>();
  for (const generated of generatedNames(definition)) {
    const { name, of, type } = generated;
    const other = made.get(name);
    if (lines.has(name))
      throw new Flaw(`${name} is the name of a type that the server makes from ${of}: rename it`, lines.get(name));
    if (other !== undefined)
      throw new Flaw(
        `the server would make the type ${name} twice, from ${other.of} and from ${of}: rename one of them`,
        lines.get(type) ?? lines.get(other.type),
      );
    made.set(name, generated);
  }
}

function checkPlural({ name, singular, plural }: CollectionDefinition, lines: Lines): void {
  if (plural.toLowerCase() === singular.toLowerCase())
    throw new Flaw(
      `plural of ${name} must differ from ${singular} in more than case, not "${plural}"`,
      lines.get(name),
    );
  if (plural.length > MAX_PLURAL_LENGTH)
    throw new Flaw(
      `plural of ${name} must have at most ${MAX_PLURAL_LENGTH} characters, because it names a directory, not ${plural.length}: set a shorter one`,
      lines.get(name),
    );
  if (FILES_OF_LOG.has(plural.toLowerCase()))
    throw new Flaw(
      `plural of ${name} must not be "${plural}", the name of a file in the directory of a log: set another plural`,
      lines.get(name),
    );
}

function checkRootFields({ collections }: SdlDefinition, lines: Lines): void {
  const made = new Map(FEDERATION_FIELDS.map((field) => [`Query.${field}`, 'Apollo Federation']));
  for (const collection of collections)
    for (const [root, fields] of Object.entries(rootFieldsOf(collection)))
      for (const field of Object.values<string>(fields)) {
        const path = `${root}.${field}`;
        const other = made.get(path);
        if (other !== undefined)
          throw new Flaw(
            other === collection.name
              ? `the server would make ${path} twice for ${other}: set another plural`
              : `the server would make ${path} twice, for ${other} and for ${collection.name}: rename the type or set another plural`,
            lines.get(collection.name),
          );
        made.set(path, collection.name);
      }
}

/** A plural names a directory, and some file systems ignore case. */
function checkPlurals({ collections }: SdlDefinition, lines: Lines): void {
  const byFolded = new Map<string, CollectionDefinition>();
  for (const collection of collections) {
    const folded = collection.plural.toLowerCase();
    const other = byFolded.get(folded);
    if (other)
      throw new Flaw(
        `plural of ${collection.name} must differ from "${other.plural}" of ${other.name} in more than case, not "${collection.plural}"`,
        lines.get(collection.name),
      );
    byFolded.set(folded, collection);
  }
}
