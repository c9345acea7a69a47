/** What fits the type of a collection, as JSON for checks outside of the nodes: those of `seamline.insert` in PostgreSQL. */
import type {
  CollectionDefinition,
  FieldType,
  ObjectDefinition,
  SdlDefinition,
} from '../../../schema/sdl/definition.ts';
import { elementName, Kinds, type NamedKind } from '../../../schema/typed/kinds.ts';
import { type LeafRule, scalarRule } from './scalar-rules.ts';

type Rule = (
  LeafRule | { readonly kind: 'object'; readonly of: string } | { readonly kind: 'list'; readonly of: Rule }
) & {
  /** In messages: `a Float`. */
  readonly label?: string;
  readonly required?: true;
};

interface FieldShape {
  readonly name: string;
  readonly rule: Rule;
  /** The type of JSON all of whose values fit. Most fields have one, so SQL need not look at the rule. */
  readonly is?: 'string' | 'number' | 'boolean';
}

interface ObjectShape {
  /** Of the fields, as an array of PostgreSQL. */
  readonly names: string;
  readonly fields: readonly FieldShape[];
}

export interface ValueShape {
  /** The one in `objects` that values have. */
  readonly type: string;
  /** The field that equals the key. */
  readonly key: string;
  readonly objects: Readonly<Record<string, ObjectShape>>;
}

const MAX_INT = 0x7fffffff;

export function valueShape(sdl: SdlDefinition, collection: CollectionDefinition): ValueShape {
  const kinds = new Kinds(sdl);
  const objects = new Map<string, ObjectShape>();
  const add = ({ name, fields }: ObjectDefinition): void => {
    if (objects.has(name)) return;
    const names = `{${fields.map((field) => `"${field.name}"`).join()}}`;
    objects.set(name, { names, fields: fields.map((field) => fieldShape(field.name, ruleOf(kinds, field.type))) });
    for (const { type } of fields) {
      const kind = kinds.of(elementName(type));
      if (kind.kind === 'object') add(kind.definition);
    }
  };
  add(collection);
  return { type: collection.name, key: collection.key.name, objects: Object.fromEntries(objects) };
}

function fieldShape(name: string, rule: Rule): FieldShape {
  if (rule.kind === 'text' && rule.pattern === undefined) return { name, rule, is: 'string' };
  if (rule.kind === 'number' && rule.least === undefined) return { name, rule, is: 'number' };
  return rule.kind === 'boolean' ? { name, rule, is: 'boolean' } : { name, rule };
}

function ruleOf(kinds: Kinds, type: FieldType): Rule {
  const rule: Rule =
    type.kind === 'list'
      ? { kind: 'list', of: ruleOf(kinds, type.of) }
      : { ...namedRule(kinds.of(type.name)), label: `${/^[aeiou]/i.test(type.name) ? 'an' : 'a'} ${type.name}` };
  return type.isNullable ? rule : { ...rule, required: true };
}

function namedRule(named: NamedKind): Rule {
  switch (named.kind) {
    case 'ID':
    case 'String':
      return { kind: 'text' };
    case 'Int':
      return { kind: 'number', whole: true, least: -MAX_INT - 1, most: MAX_INT };
    case 'Float':
      return { kind: 'number' };
    case 'Boolean':
      return { kind: 'boolean' };
    case 'enum':
      return { kind: 'names', names: [...named.names] };
    case 'scalar':
      return scalarRule(named.scalar.name);
    case 'object':
      return { kind: 'object', of: named.definition.name };
  }
}
