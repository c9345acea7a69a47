/** The GraphQL types of the values in an SDL file: object types, inputs and enums, each made once a builder. */
import type { EnumRef, InputRef, ObjectRef, SchemaTypes } from '@pothos/core';
import type { Item } from '../../src/core/model/change.ts';
import type {
  CollectionDefinition,
  FieldDefinition,
  FieldType,
  ObjectDefinition,
  SdlDefinition,
} from '../sdl/definition.ts';
import { jsonScalar } from '../request/json-scalar.ts';
import { VALUE_INPUT } from '../request/extensions.ts';
import { JSON_DESCRIPTION } from '../stream/descriptions.ts';
import type { StreamBuilder } from '../stream/stream-builder.ts';
import { useExactFloats } from './exact-floats.ts';
import { itemField, memberField } from './field-values.ts';
import { elementName, Kinds } from './kinds.ts';
import { LastItem } from './last-item.ts';

/** Pothos types names at compile time. Here they come from a file, so the fields' options are built as plain objects. */
export type Dynamic = never;

/** Makes fields of dynamic names. */
export interface FieldMaker {
  field(options: Dynamic): unknown;
  listRef(type: Dynamic, options: object): unknown;
}

const SHARED = Symbol.for('seamline.typed-types');

/** The types of one file in one builder. */
export class TypedTypes {
  readonly kinds: Kinds;
  readonly builder: StreamBuilder;
  readonly #sdl: SdlDefinition;
  readonly #leaves = new Map<string, unknown>();
  readonly #outputs = new Map<string, unknown>();
  readonly #inputs = new Map<string, InputRef>();

  private constructor(builder: StreamBuilder, sdl: SdlDefinition) {
    this.builder = builder;
    this.kinds = new Kinds(sdl);
    this.#sdl = sdl;
    useExactFloats(builder);
  }

  /** Those of the builder: the same for all collections of the file. */
  static of(builder: StreamBuilder, sdl: SdlDefinition): TypedTypes {
    const holder = builder as { [SHARED]?: TypedTypes };
    return (holder[SHARED] ??= new TypedTypes(builder, sdl));
  }

  /** A scalar or an enum, for outputs and inputs alike. */
  leaf(name: string): EnumRef<SchemaTypes, unknown> {
    let ref = this.#leaves.get(name);
    if (ref === undefined) this.#leaves.set(name, (ref = this.#addLeaf(name)));
    return ref as EnumRef<SchemaTypes, unknown>;
  }

  #addLeaf(name: string): unknown {
    const named = this.kinds.of(name);
    if (named.kind === 'enum') {
      const { description, values } = named.definition;
      return this.builder.enumType(name, {
        description,
        values: Object.fromEntries(
          values.map(({ name: value, description: text, deprecationReason }) => [
            value,
            { value, description: text, deprecationReason },
          ]),
        ),
      } as Dynamic);
    }
    if (named.kind !== 'scalar') return name;
    const description = this.#sdl.scalars.find((scalar) => scalar.name === name)?.description;
    if (name === 'JSON' && !this.builder.configStore.hasImplementation(name))
      return this.builder.addScalarType(name as Dynamic, jsonScalar(), {
        description: description ?? JSON_DESCRIPTION,
      });
    if (!named.scalar.type) return name;
    return this.builder.addScalarType(name as Dynamic, named.scalar.type, {
      ...(description !== undefined && { description }),
    });
  }

  /** The object type of a collection. */
  item(collection: CollectionDefinition): ObjectRef<SchemaTypes, Item<unknown>> {
    const { name, description, fields, key } = collection;
    const ref = this.builder.objectRef<Item<unknown>>(name);
    this.#prepare(fields);
    const last = new LastItem(fields.map((field) => field.name));
    ref.implement({
      description,
      fields: (t: unknown) => {
        const make = t as FieldMaker;
        const made = fields.map((field, index) =>
          this.#outputField(make, field, itemField(this.kinds, last, field, index)),
        );
        const generated = generatedFields(fields.some((field) => field.name === 'id') ? undefined : key.name);
        return Object.fromEntries([...made, ...generated.map(([n, options]) => [n, make.field(options as Dynamic)])]);
      },
    } as Dynamic);
    return ref as unknown as ObjectRef<SchemaTypes, Item<unknown>>;
  }

  #object(definition: ObjectDefinition): unknown {
    const { name, description, fields } = definition;
    const known = this.#outputs.get(name);
    if (known !== undefined) return known;
    const ref = this.builder.objectRef<object>(name);
    // Known before its fields are, because an object may have fields of its own type.
    this.#outputs.set(name, ref);
    this.#prepare(fields);
    ref.implement({
      description,
      fields: (t: unknown) =>
        Object.fromEntries(
          fields.map((field) => this.#outputField(t as FieldMaker, field, memberField(this.kinds, field))),
        ),
    } as Dynamic);
    return ref;
  }

  /** Adds the types of the fields: Pothos makes fields when it builds the schema, and takes no further types then. */
  #prepare(fields: readonly FieldDefinition[]): void {
    for (const { type } of fields) this.#output(elementName(type));
  }

  #output(name: string): unknown {
    const named = this.kinds.of(name);
    return named.kind === 'object' ? this.#object(named.definition) : this.leaf(name);
  }

  #outputField(t: FieldMaker, field: FieldDefinition, resolution: object): readonly [string, unknown] {
    const { name, type, description, deprecationReason } = field;
    const nullable = type.isNullable;
    const options = { type: this.#outputType(t, type), nullable, description, deprecationReason, ...resolution };
    return [name, t.field(options as Dynamic)];
  }

  #outputType(t: FieldMaker, type: FieldType): unknown {
    if (type.kind === 'named') return this.#output(type.name);
    return t.listRef(this.#outputType(t, type.of) as Dynamic, { nullable: type.of.isNullable });
  }

  /** The input of an object type: the same fields, without the generated ones. */
  input(definition: ObjectDefinition): InputRef {
    const { name, fields } = definition;
    const known = this.#inputs.get(name);
    if (known) return known;
    const ref = this.builder.inputRef<object>(`${name}Input`);
    this.#inputs.set(name, ref);
    for (const { type } of fields) this.inputLeaf(elementName(type));
    ref.implement({
      description: `The fields of ${name} that are inserted.`,
      extensions: VALUE_INPUT,
      fields: (t: unknown) =>
        Object.fromEntries(
          fields.map((field) => {
            const { name: member, type, description, deprecationReason } = field;
            const required = !type.isNullable;
            // A required input can't be deprecated.
            const deprecated = required ? {} : { deprecationReason };
            const options = { type: this.#inputType(t as FieldMaker, type), required, description, ...deprecated };
            return [member, (t as FieldMaker).field(options as Dynamic)];
          }),
        ),
    });
    return ref;
  }

  /** The type of an input's field or element. */
  inputLeaf(name: string): unknown {
    const named = this.kinds.of(name);
    return named.kind === 'object' ? this.input(named.definition) : this.leaf(name);
  }

  #inputType(t: FieldMaker, type: FieldType): unknown {
    if (type.kind === 'named') return this.inputLeaf(type.name);
    return t.listRef(this.#inputType(t, type.of) as Dynamic, { required: !type.of.isNullable });
  }
}

/** `keyName`: of the key that `id` repeats; undefined for a type with an `id` of its own. */
function generatedFields(keyName: string | undefined): readonly (readonly [string, object])[] {
  const id = {
    type: 'ID',
    nullable: false,
    description: `The key again (\`${keyName}\`), under the name that normalised caches expect.`,
    resolve: ({ key }: Item<unknown>) => key,
  };
  return [
    ...(keyName === undefined ? [] : [['id', id] as const]),
    [
      'cursor',
      {
        type: 'String',
        nullable: false,
        description: 'The position in the stream, equal on every node: pass it as `after` to continue from there.',
        resolve: ({ cursor }: Item<unknown>) => cursor,
      },
    ],
    [
      'timestamp',
      {
        type: 'DateTime',
        nullable: false,
        description: 'When it was inserted. Timestamps never decrease along the stream, even if the clock does.',
        resolve: ({ timestamp }: Item<unknown>) => new Date(timestamp),
      },
    ],
    [
      'expiresAt',
      {
        type: 'DateTime',
        nullable: true,
        description: 'When it expires; null for an item without `ttl`.',
        resolve: ({ expiresAt }: Item<unknown>) => (expiresAt === null ? null : new Date(expiresAt)),
      },
    ],
  ];
}
