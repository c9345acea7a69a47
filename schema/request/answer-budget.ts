import { type FieldNode, type GraphQLError, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';
import { refused } from './errors.ts';

/** Limits of one answer: bytes of values (a page of 1,000 values of 64 KiB), items of all pages, and fields of all items. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_ANSWER_ITEMS = 10_000;
const MAX_ANSWER_FIELDS = 100_000;
/** Items that one query looks at, whether they pass its filters or not. In a larger map, twice as many as the map has. */
const MAX_LOOKS = 1_000_000;
/**
 * What the pages with `where` of one query may spend, in looks: between four and five pages that end at their bounds, or 0.4 s. In a larger
 * map, twice as many as the map has items.
 */
const MAX_SEARCH_LOOKS = 16_000_000;

/** Memory of one field in a result, in bytes: a member of an object, and its share of the object or the `Date`. */
export const FIELD_BYTES = 100;
/** Memory of an operation and the smallest answer. */
const LEAST_BYTES = 1024;

/** What an answer takes of the memory for answers, until its client has read it. */
export interface AnswerShare {
  /** To be called before the memory is used. @throws {GraphQLError} `OVERLOADED` */
  take(bytes: number): void;
}

/**
 * Limits the size of one answer. Aliases can repeat a selection many times, so a document of one kilobyte could ask for gigabytes.
 * Each result of a subscription is an answer of its own.
 */
export class AnswerBudget {
  #bytes = MAX_ANSWER_BYTES;
  #items = MAX_ANSWER_ITEMS;
  #fields = MAX_ANSWER_FIELDS;
  #looks = 0;
  #searchLooks = 0;
  #isResult = false;
  readonly #share: AnswerShare | undefined;
  /** Numbers of selected fields, by the nodes that select them: graphql-js passes the same nodes with each item of a list. */
  #fieldCounts: WeakMap<readonly FieldNode[], number> | undefined;
  /** Bytes that are spent and not yet taken. */
  #owed = LEAST_BYTES;

  constructor(share?: AnswerShare) {
    this.#share = share;
  }

  /** @throws {GraphQLError} `PAYLOAD_TOO_LARGE`, `OVERLOADED` */
  spendBytes(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < 0) throw tooLarge(`values exceed ${MAX_ANSWER_BYTES} bytes in one answer: request fewer items`);
    this.#owed += bytes;
    this.claim();
  }

  /** @throws {GraphQLError} `PAYLOAD_TOO_LARGE` */
  spendItems(items: number): void {
    this.#items -= items;
    if (this.#items < 0) throw tooLarge(`pages exceed ${MAX_ANSWER_ITEMS} items in one answer: request fewer items`);
  }

  /**
   * Spends the fields that are selected of `items` items, before any of them is resolved.
   * @throws {GraphQLError} `PAYLOAD_TOO_LARGE`
   */
  spendFields(items: number, info: GraphQLResolveInfo): void {
    this.#fields -= this.oweFields(items, info);
    const cost = MAX_ANSWER_FIELDS - this.#fields;
    if (this.#fields < 0)
      throw tooLarge(`fields cost ${cost}, limit ${MAX_ANSWER_FIELDS}: request fewer items or fields`);
  }

  /** Owes the memory of the fields that are selected of `items` items. Returns their number. */
  oweFields(items: number, info: GraphQLResolveInfo): number {
    const fields = items * this.#selectedFields(info);
    this.#owed += fields * FIELD_BYTES;
    return fields;
  }

  /**
   * Whether the answer is a result of a subscription. It can't be asked for in smaller parts, so it is never refused for the number of
   * fields of what it delivers: `assertFewCopies` bounds how often each is in it.
   */
  get isResult(): boolean {
    return this.#isResult;
  }

  /** Takes the memory of objects in a value: of their own fields, because the objects in them take theirs. */
  takeObjects(objects: number, info: GraphQLResolveInfo): void {
    // Without a share nobody counts memory.
    if (this.#share) this.oweBytes(objects * ownFields(info) * FIELD_BYTES);
  }

  #selectedFields(info: GraphQLResolveInfo): number {
    let count = this.#fieldCounts?.get(info.fieldNodes);
    if (count === undefined) (this.#fieldCounts ??= new WeakMap()).set(info.fieldNodes, (count = selectedFields(info)));
    return count;
  }

  /**
   * Takes the memory of values that a result can't leave out.
   * @throws {GraphQLError} `OVERLOADED`
   */
  oweBytes(bytes: number): void {
    this.#owed += bytes;
    this.claim();
  }

  /**
   * Spends items that a filter was checked on. `size`: the number of items in the map. A query may look at each of them twice.
   * @throws {GraphQLError} `PAYLOAD_TOO_LARGE`
   */
  spendLooks(looks: number, size: number): void {
    this.#looks += looks;
    const max = Math.max(MAX_LOOKS, 2 * size);
    if (this.#looks > max)
      throw tooLarge(`the query looks at more than ${max} items: divide its root fields among several queries`);
  }

  /**
   * Spends what was looked at for a filter with `where`. `size`: the number of items in the map.
   * @throws {GraphQLError} `PAYLOAD_TOO_LARGE`
   */
  spendSearch(looks: number, size: number): void {
    this.#searchLooks += looks;
    if (this.#searchLooks > Math.max(MAX_SEARCH_LOOKS, 2 * size))
      throw tooLarge(
        'the query looks at too many values for its filters: divide its root fields among several queries',
      );
  }

  /**
   * Takes the memory of all that is spent. To be called before the answer is made: a query that waits for its position takes nothing.
   * @throws {GraphQLError} `OVERLOADED`
   */
  claim(): void {
    const owed = this.#owed;
    this.#owed = 0;
    if (owed > 0) this.#share?.take(owed);
  }

  /** To be called before each result of a subscription. */
  renew(): void {
    this.#isResult = true;
    this.#owed = LEAST_BYTES;
    this.#bytes = MAX_ANSWER_BYTES;
    this.#items = MAX_ANSWER_ITEMS;
    this.#fields = MAX_ANSWER_FIELDS;
  }
}

/** Counts the fields that are selected below this one, with all fragments expanded. */
export function selectedFields({
  fieldNodes,
  fragments,
}: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>): number {
  const selections = fieldNodes.map(({ selectionSet }) => selectionSet);
  return fieldsIn(selections, (name) => fragments[name]?.selectionSet);
}

/** Counts the fields that are selected of the object itself, under each of their names. */
function ownFields({ fieldNodes, fragments }: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>): number {
  const names = new Set<string>();
  const visited = new Set<string>();
  const visit = (selected: SelectionSetNode | undefined): void => {
    for (const selection of selected?.selections ?? []) {
      if (selection.kind === Kind.FIELD) names.add((selection.alias ?? selection.name).value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet);
      else if (!visited.has(selection.name.value)) {
        visited.add(selection.name.value);
        visit(fragments[selection.name.value]?.selectionSet);
      }
    }
  };
  for (const { selectionSet } of fieldNodes) visit(selectionSet);
  return names.size;
}

/** Counts the fields of that name, or all fields, with all fragments expanded. Each fragment is visited once, so nested spreads cost no time. */
export function fieldsIn(
  selections: readonly (SelectionSetNode | undefined)[],
  fragmentOf: (name: string) => SelectionSetNode | undefined,
  counted?: string,
): number {
  const known = new Map<string, number>();
  const countOf = (selected: SelectionSetNode | undefined): number => {
    let count = 0;
    for (const selection of selected?.selections ?? []) {
      if (selection.kind === Kind.FIELD)
        count += Number(counted === undefined || selection.name.value === counted) + countOf(selection.selectionSet);
      else if (selection.kind === Kind.INLINE_FRAGMENT) count += countOf(selection.selectionSet);
      else count += fragmentCount(selection.name.value);
    }
    return count;
  };
  const fragmentCount = (name: string): number => {
    const count = known.get(name);
    if (count !== undefined) return count;
    // A document that is not validated yet may have a fragment that spreads itself.
    known.set(name, 0);
    const fields = countOf(fragmentOf(name));
    known.set(name, fields);
    return fields;
  };
  return selections.reduce((sum, selected) => sum + countOf(selected), 0);
}

const tooLarge = (message: string): GraphQLError => refused('PAYLOAD_TOO_LARGE', message);
