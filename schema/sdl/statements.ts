/** Turns the document into definitions. What a definition says of others is checked afterwards. */
import {
  type DefinitionNode,
  type DocumentNode,
  type EnumTypeDefinitionNode,
  type FieldDefinitionNode,
  Kind,
  type NameNode,
  type ObjectTypeDefinitionNode,
  type ScalarTypeDefinitionNode,
  type StringValueNode,
  type TypeNode,
} from 'graphql';
import { collectionOf } from './collection.ts';
import type {
  CollectionDefinition,
  EnumDefinition,
  FieldDefinition,
  FieldType,
  ObjectDefinition,
  ScalarDefinition,
  SdlDefinition,
} from './definition.ts';
import { assertSpecifiedBy, deprecationReasonOf, directiveOf } from './directives.ts';
import { flawAt, lineOf } from './flaw.ts';

/** The lines of the file: `Quote` is where the type is defined, `Quote.price` where the field is. */
export type Lines = ReadonlyMap<string, number | undefined>;

export interface FileTypes {
  readonly definition: SdlDefinition;
  readonly lines: Lines;
}

/** @throws {Flaw} at the first statement that no file may have, and at what is defined twice */
export function readTypes({ definitions }: DocumentNode): FileTypes {
  const names = new DefinedNames();
  const collections: CollectionDefinition[] = [];
  const objects: ObjectDefinition[] = [];
  const enums: EnumDefinition[] = [];
  const scalars: ScalarDefinition[] = [];
  for (const node of definitions) {
    if (node.kind === Kind.OBJECT_TYPE_DEFINITION) {
      const object = objectOf(node, names);
      const directive = directiveOf(node, object.name, 'collection');
      if (directive) collections.push(collectionOf(directive, object));
      else objects.push(object);
    } else if (node.kind === Kind.ENUM_TYPE_DEFINITION) enums.push(enumOf(node, names));
    else if (node.kind === Kind.SCALAR_TYPE_DEFINITION) scalars.push(scalarOf(node, names));
    else throw flawAt(node, whyRefused(node));
  }
  return { definition: { collections, objects, enums, scalars }, lines: names.lines };
}

class DefinedNames {
  readonly lines = new Map<string, number | undefined>();

  /** Returns the path. Throws `Flaw` when it is defined already, or reserved for introspection. */
  define({ value, loc }: NameNode, owner?: string): string {
    const path = owner === undefined ? value : `${owner}.${value}`;
    const first = this.lines.get(path);
    if (first !== undefined)
      throw flawAt({ loc }, `${path} is defined twice, first in line ${first}: remove or rename one of them`);
    if (value.startsWith('__'))
      throw flawAt({ loc }, `${path} starts with __, which is reserved for introspection: rename it`);
    this.lines.set(path, lineOf({ loc }));
    return path;
  }
}

function objectOf(node: ObjectTypeDefinitionNode, names: DefinedNames): ObjectDefinition {
  const name = names.define(node.name);
  const [implemented] = node.interfaces ?? [];
  if (implemented)
    throw flawAt(implemented, `${name} implements ${implemented.name.value}: remove it; a file has no interfaces`);
  const fields = (node.fields ?? []).map((field) => fieldOf(field, name, names));
  if (fields.length === 0) throw flawAt(node, `${name} has no fields: add one`);
  return { name, description: descriptionOf(node), fields };
}

function fieldOf(node: FieldDefinitionNode, owner: string, names: DefinedNames): FieldDefinition {
  const path = names.define(node.name, owner);
  const [argument] = node.arguments ?? [];
  if (argument)
    throw flawAt(
      argument,
      `${path} has the argument ${argument.name.value}: remove it; fields hold data, without arguments`,
    );
  return {
    name: node.name.value,
    type: typeOf(node.type),
    description: descriptionOf(node),
    deprecationReason: deprecationReasonOf(node, path),
  };
}

function typeOf(node: TypeNode): FieldType {
  if (node.kind === Kind.NON_NULL_TYPE) return { ...typeOf(node.type), isNullable: false };
  if (node.kind === Kind.LIST_TYPE) return { kind: 'list', of: typeOf(node.type), isNullable: true };
  return { kind: 'named', name: node.name.value, isNullable: true };
}

function enumOf(node: EnumTypeDefinitionNode, names: DefinedNames): EnumDefinition {
  const name = names.define(node.name);
  directiveOf(node, name);
  const values = (node.values ?? []).map((value) => {
    const path = names.define(value.name, name);
    const deprecationReason = deprecationReasonOf(value, path);
    return { name: value.name.value, description: descriptionOf(value), deprecationReason };
  });
  if (values.length === 0) throw flawAt(node, `${name} has no values: add one`);
  return { name, description: descriptionOf(node), values };
}

function scalarOf(node: ScalarTypeDefinitionNode, names: DefinedNames): ScalarDefinition {
  const name = names.define(node.name);
  assertSpecifiedBy(node, name);
  return { name, description: descriptionOf(node) };
}

const descriptionOf = ({ description }: { readonly description?: StringValueNode | undefined }): string | undefined =>
  description === undefined || description.value === '' ? undefined : description.value;

type RefusedNode = Exclude<
  DefinitionNode,
  ObjectTypeDefinitionNode | EnumTypeDefinitionNode | ScalarTypeDefinitionNode
>;

/** What to say of a statement with a name. All others extend something. */
const WHY_REFUSED: Readonly<Record<string, string>> = {
  [Kind.INTERFACE_TYPE_DEFINITION]: 'is an interface: write its fields into each type instead',
  [Kind.UNION_TYPE_DEFINITION]: 'is a union: use one object type with nullable fields instead',
  [Kind.INPUT_OBJECT_TYPE_DEFINITION]: 'is an input: remove it; the server makes the inputs from the types',
  [Kind.DIRECTIVE_DEFINITION]: 'is the definition of a directive: remove it; a file defines none',
  [Kind.FRAGMENT_DEFINITION]: 'is a fragment, which is no part of a schema: remove it',
};

function whyRefused(node: RefusedNode): string {
  if (node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION)
    return 'a schema is defined: remove it; the server makes the root types from the collections';
  if (node.kind === Kind.OPERATION_DEFINITION) return `a ${node.operation} is no part of a schema: remove it`;
  const name = node.kind === Kind.DIRECTIVE_DEFINITION ? `@${node.name.value}` : node.name.value;
  return `${name} ${WHY_REFUSED[node.kind] ?? 'is extended: write the whole definition in one place instead'}`;
}
