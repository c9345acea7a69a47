import {
  type FieldNode,
  getNamedType,
  type GraphQLNamedType,
  type GraphQLResolveInfo,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { selectedFields } from './answer-budget.ts';
import { refused } from './errors.ts';

/** Of one field in a result of a subscription. A result is made in one turn of the event loop, and its values may have a batch's bytes. */
const MAX_COPIES = 8;
/** Of a list in a value, and of the fields in it: two bytes of the value make an element, and three an object with all of its fields. */
const MAX_COPIES_IN_LISTS = 2;
/** With all fragments expanded. Those of a type that contains itself can double a selection at each level, so that nobody could walk it. */
const MAX_WALKED = 10_000;

/** `extensions.seamline` of a field that is a list in a stored value. */
export const VALUE_LIST = { isValueList: true } as const;

type Fragments = GraphQLResolveInfo['fragments'];

/**
 * Refuses a subscription whose results would repeat a field many times. Fields under the same name are one, as in the result, so
 * any number of fragments may select it.
 * @throws {GraphQLError} `GRAPHQL_VALIDATION_FAILED`
 */
export function assertFewCopies(info: GraphQLResolveInfo): void {
  const fields = selectedFields(info);
  if (fields > MAX_WALKED) throw tooManyFields(fields);
  const places = new Places(info);
  for (const [path, copies] of copiesOf(info)) {
    const max = places.isInList(path) ? MAX_COPIES_IN_LISTS : MAX_COPIES;
    if (copies > max) throw tooMany(path, copies, max);
  }
}

interface Place {
  /** Of the objects at this path. */
  readonly type: GraphQLNamedType | undefined;
  /** Whether they are in a list of a value. */
  readonly isInList: boolean;
}

/** Tells which fields are lists in values, or are in them. To be asked for each path after the path that it is below. */
class Places {
  readonly #byPath = new Map<string, Place>();

  constructor({ fieldName, returnType }: GraphQLResolveInfo) {
    this.#byPath.set(fieldName, { type: getNamedType(returnType), isInList: false });
  }

  isInList(path: string): boolean {
    const at = path.lastIndexOf('.');
    const parent = this.#byPath.get(path.slice(0, at));
    const type = parent?.type;
    const field = isObjectType(type) ? type.getFields()[path.slice(at + 1)] : undefined;
    const { seamline } = (field?.extensions ?? {}) as { readonly seamline?: Partial<typeof VALUE_LIST> };
    const isInList = parent?.isInList === true || seamline?.isValueList === true;
    this.#byPath.set(path, { type: field && getNamedType(field.type), isInList });
    return isInList;
  }
}

/**
 * How many times the field that is selected most often is in the result, of the fields below `path`. 0 where none is selected.
 * `path`: from this field down, such as `.edges.node`. In a selection of very many fields each of them counts as the same one.
 */
export function mostCopies(info: GraphQLResolveInfo, path = ''): number {
  const fields = selectedFields(info);
  // A product with it must be a number.
  if (fields > MAX_WALKED) return Math.min(fields, Number.MAX_SAFE_INTEGER);
  const below = `${info.fieldName}${path}.`;
  let most = 0;
  for (const [selected, copies] of copiesOf(info)) if (selected.startsWith(below)) most = Math.max(most, copies);
  return most;
}

/** The paths of the fields below this one, and how many times each is in the result. */
function* copiesOf({
  fieldName,
  fieldNodes,
  fragments,
}: GraphQLResolveInfo): Generator<readonly [path: string, copies: number]> {
  // The objects of a result, by the fields that lead to them: those of one level of the document, then those of the next.
  let objects = new Map([[fieldName, [fieldNodes]]]);
  while (objects.size > 0) {
    const fields = new Map<string, (readonly FieldNode[])[]>();
    for (const [path, copies] of objects)
      for (const nodes of copies)
        for (const [name, selected] of fieldsOf(nodes, fragments)) append(fields, `${path}.${name}`, selected);
    for (const [path, { length }] of fields) yield [path, length];
    objects = fields;
  }
}

/** The fields of one object in a result, with their names in the schema. */
function fieldsOf(nodes: readonly FieldNode[], fragments: Fragments): (readonly [string, FieldNode[]])[] {
  const fields = new Map<string, FieldNode[]>();
  const visited = new Set<string>();
  const visit = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) append(fields, (selection.alias ?? selection.name).value, selection);
      else if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet);
      else if (!visited.has(selection.name.value)) {
        visited.add(selection.name.value);
        const fragment = fragments[selection.name.value];
        if (fragment) visit(fragment.selectionSet);
      }
    }
  };
  for (const { selectionSet } of nodes) if (selectionSet) visit(selectionSet);
  return [...fields.values()].map((selected) => [selected[0]?.name.value ?? '', selected]);
}

function append<Value>(lists: Map<string, Value[]>, name: string, value: Value): void {
  const list = lists.get(name);
  if (list) list.push(value);
  else lists.set(name, [value]);
}

const tooManyFields = (fields: number) =>
  refused(
    'GRAPHQL_VALIDATION_FAILED',
    `the subscription selects ${fields} fields with its fragments expanded, more than ${MAX_WALKED}: select fewer`,
  );

const tooMany = (path: string, copies: number, max: number) =>
  refused(
    'GRAPHQL_VALIDATION_FAILED',
    `the subscription selects ${path} under ${copies} names, more than ${max}: select it once`,
  );
