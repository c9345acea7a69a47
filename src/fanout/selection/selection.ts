/**
 * Compiles a selection to a function that makes the JSON which graphql-js would make, in one call an item. It follows GraphQL's
 * specification (Execution) and leaves the rest to graphql-js: a document of another shape (`compileSelection` returns undefined), a value
 * of another type than its field's (the render returns undefined), a resolver that throws.
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { fieldTextOf } from '../../../schema/request/extensions.ts';
import { JsonText, quoted } from '../../core/model/json-text.ts';
import type { ItemTexts } from './item-texts.ts';

/** The JSON of a value, or undefined. May throw what a resolver throws. */
export type Render = (source: unknown, context: unknown) => string | undefined;

export interface SelectionParts {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** As they were sent, found valid by graphql-js. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** In a user's schema: whether a field is the same for all callers. The root's resolver is called then. */
  readonly isShared?: IsShared | undefined;
  /** Where what is made of items is kept. */
  readonly texts?: ItemTexts | undefined;
}

export type IsShared = (field: GraphQLField<unknown, unknown>) => boolean;

interface Parts extends SelectionParts {
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
}

/** Renders `{"data":{"<name>":…}`, without the closing brace, from the value of the root's only field. */
export function compileSelection(given: SelectionParts, root: GraphQLObjectType): Render | undefined {
  const parts = { ...given, fragments: fragmentsOf(given.document) };
  const [only, ...others] = collect(parts, root, [given.operation.selectionSet]) ?? [];
  if (!only || others.length > 0) return undefined;
  const [responseName, nodes] = only;
  const field = fieldOf(root, nodes);
  const render =
    field && (given.isShared ? compileResolved(parts, field, nodes) : compileType(parts, field.type, nodes));
  if (!render) return undefined;
  const head = `{"data":{${JSON.stringify(responseName)}:`;
  return (source, context) => {
    const json = render(source, context);
    return json === undefined ? undefined : `${head}${json}}`;
  };
}

function compileType(parts: Parts, type: GraphQLOutputType, nodes: readonly FieldNode[]): Render | undefined {
  if (isNonNullType(type)) {
    const render = compileType(parts, type.ofType, nodes);
    // For null graphql-js makes an error.
    return render && ((source, context) => (source == null ? undefined : render(source, context)));
  }
  if (isListType(type)) {
    const render = compileType(parts, type.ofType, nodes);
    return render && orNull((source, context) => renderList(source, render, context));
  }
  if (isLeafType(type)) return orNull(compileLeaf(type));
  const render = isObjectType(type) ? compileObject(parts, type, nodes) : undefined;
  return render && orNull(render);
}

function orNull(render: Render): Render {
  return (source, context) => (source == null ? 'null' : render(source, context));
}

function compileLeaf(type: GraphQLLeafType): Render {
  const date = compileDate();
  return (source) => {
    const value: unknown = type.serialize(source);
    if (typeof value === 'string') return quoted(value);
    if (value instanceof JsonText) return value.text;
    return value instanceof Date ? date(value) : JSON.stringify(value);
  };
}

/** Like `JSON.stringify` of a valid date, which would take most of an item's time. Most items share their second. */
function compileDate(): (date: Date) => string {
  let [second, text] = [NaN, ''];
  return (date) => {
    const ms = date.getTime();
    if (Math.floor(ms / 1000) !== second) {
      second = Math.floor(ms / 1000);
      text = `"${date.toISOString().slice(0, -'000Z'.length)}`;
    }
    return `${text}${String(ms - second * 1000).padStart(3, '0')}Z"`;
  };
}

/** Texts of a list that are joined at once. A string that keeps its parts takes many times its length, until it is written. */
const JOINED = 128;

function renderList(members: unknown, render: Render, context: unknown): string | undefined {
  if (!Array.isArray(members)) return undefined;
  const joined: string[] = [];
  let texts: string[] = [];
  for (const member of members) {
    const rendered = render(member, context);
    if (rendered === undefined) return undefined;
    if (texts.push(rendered) < JOINED) continue;
    joined.push(texts.join());
    texts = [];
  }
  if (joined.length === 0) return `[${texts.join()}]`;
  if (texts.length > 0) joined.push(texts.join());
  return `[${joined.join()}]`;
}

function compileObject(parts: Parts, type: GraphQLObjectType, nodes: readonly FieldNode[]): Render | undefined {
  // It would be called with the context.
  if (parts.isShared && type.isTypeOf) return undefined;
  const fields = collect(parts, type, selectionsOf(nodes));
  if (!fields) return undefined;
  const members: Render[] = [];
  for (const [responseName, fieldNodes] of fields) {
    const render = compileField(parts, type, fieldNodes);
    if (!render) return undefined;
    const head = `${members.length === 0 ? '{' : ','}${JSON.stringify(responseName)}:`;
    const ofNull = `${head}null`;
    members.push((source, context) => {
      const json = render(source, context);
      if (json === 'null') return ofNull;
      return json === undefined ? undefined : head + json;
    });
  }
  const { texts } = parts;
  // Three bytes of a value make an object with all of its fields, and a list may have very many of them.
  let ofEmpty: string | undefined;
  return (source, context) => {
    const isAlike = !parts.isShared && isEmpty(source);
    const kept = isAlike ? ofEmpty : texts?.get(members, source);
    if (kept !== undefined) return kept;
    let json = members.length === 0 ? '{' : '';
    for (const member of members) {
      const rendered = member(source, context);
      if (rendered === undefined) return undefined;
      json += rendered;
    }
    json += '}';
    if (isAlike) ofEmpty = json;
    else texts?.keep(members, source, json);
    return json;
  };
}

/** Whether it is a stored object without members: our resolvers make the same of all of them. */
function isEmpty(source: unknown): boolean {
  if (typeof source !== 'object' || source === null || Object.getPrototypeOf(source) !== Object.prototype) return false;
  for (const _name in source) return false;
  return true;
}

function compileField(parts: Parts, parent: GraphQLObjectType, nodes: readonly FieldNode[]): Render | undefined {
  if (nodes[0]?.name.value === '__typename') {
    const json = JSON.stringify(parent.name);
    return () => json;
  }
  const field = fieldOf(parent, nodes);
  // Arguments would have to be coerced; no field of an item has any.
  if (!field || field.args.length > 0) return undefined;
  return compileResolved(parts, field, nodes);
}

function compileResolved(
  parts: Parts,
  field: GraphQLField<unknown, unknown>,
  nodes: readonly FieldNode[],
): Render | undefined {
  if (parts.isShared?.(field) === false) return undefined;
  const render = compileType(parts, field.type, nodes);
  const { name, resolve } = field;
  if (!render || !resolve)
    return render && ((source, context) => render((source as Record<string, unknown>)[name], context));
  // Our resolvers read nothing else of it.
  const info = { fieldNodes: nodes, fragments: parts.fragments } as unknown as GraphQLResolveInfo;
  const resolved: Render = (source, context) => render(resolve(source, {}, context, info), context);
  // A user's plugin may have wrapped the resolver.
  const text = parts.isShared ? undefined : fieldTextOf(field);
  return text ? (source, context) => text(source as never, context as never) ?? resolved(source, context) : resolved;
}

function fieldOf(type: GraphQLObjectType, nodes: readonly FieldNode[]): GraphQLField<unknown, unknown> | undefined {
  return type.getFields()[nodes[0]?.name.value ?? ''];
}

function selectionsOf(nodes: readonly FieldNode[]): SelectionSetNode[] {
  return nodes.map(({ selectionSet }) => selectionSet).filter((set) => set !== undefined);
}

/** CollectFields(), by response name, in the order of the document. Undefined: whether a field is included is unknown. */
function collect(
  parts: Parts,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): Map<string, FieldNode[]> | undefined {
  const fields = new Map<string, FieldNode[]>();
  const visited = new Set<string>();
  const visit = (set: SelectionSetNode): boolean =>
    set.selections.every((selection) => {
      const included = isIncluded(parts, selection);
      if (included === undefined) return false;
      if (!included) return true;
      if (selection.kind === Kind.FIELD) {
        const name = selection.alias?.value ?? selection.name.value;
        const nodes = fields.get(name);
        if (nodes) nodes.push(selection);
        else fields.set(name, [selection]);
        return true;
      }
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        if (visited.has(selection.name.value)) return true;
        visited.add(selection.name.value);
      }
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : parts.fragments[selection.name.value];
      const condition = fragment?.typeCondition?.name.value;
      // Any other type here is an interface or a union, and only the schema knows which types belong to it.
      return !fragment || ((condition === undefined || condition === type.name) && visit(fragment.selectionSet));
    });
  return sets.every(visit) ? fields : undefined;
}

/** @skip and @include, whose only argument is a literal or a variable. */
function isIncluded(parts: Parts, { directives = [] }: SelectionNode): boolean | undefined {
  let included = true;
  for (const { name, arguments: [argument] = [] } of directives) {
    if (name.value !== 'skip' && name.value !== 'include') return undefined;
    const holds = conditionOf(parts, argument?.value);
    if (holds === undefined) return undefined;
    included &&= name.value === 'include' ? holds : !holds;
  }
  return included;
}

function conditionOf({ variables, operation }: SelectionParts, value: ValueNode | undefined): boolean | undefined {
  if (value?.kind === Kind.BOOLEAN) return value.value;
  if (value?.kind !== Kind.VARIABLE) return undefined;
  const { value: name } = value.name;
  const given = variables[name];
  if (typeof given === 'boolean') return given;
  const definition = operation.variableDefinitions?.find(({ variable }) => variable.name.value === name);
  const byDefault = definition?.defaultValue;
  return given === undefined && byDefault?.kind === Kind.BOOLEAN ? byDefault.value : undefined;
}

function fragmentsOf(document: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null) as Record<string, never>;
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  return fragments;
}
