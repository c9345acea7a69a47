import { type GraphQLError, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';
import { refused } from './errors.ts';

/** Of the values in one answer: as many as the largest page of the largest values. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Of all pages in one answer: ten of the largest. */
const MAX_ANSWER_ITEMS = 10_000;

/** Of all items in one answer, aliases counted one by one: ten of the largest pages with every field. */
const MAX_ANSWER_FIELDS = 100_000;

/**
 * What one answer may hold. Aliases ask for the same again and again: a document of a kilobyte could ask for gigabytes. A result
 * of a subscription is an answer of its own.
 */
export class AnswerBudget {
  #bytes = MAX_ANSWER_BYTES;
  #items = MAX_ANSWER_ITEMS;
  #fields = MAX_ANSWER_FIELDS;

  /** Throws `PAYLOAD_TOO_LARGE`. */
  spendBytes(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < 0)
      throw tooLarge(`the values of one answer exceed ${MAX_ANSWER_BYTES} bytes: ask for fewer items`);
  }

  /** Throws `PAYLOAD_TOO_LARGE`. */
  spendItems(items: number): void {
    this.#items -= items;
    if (this.#items < 0) throw tooLarge(`the pages of one answer exceed ${MAX_ANSWER_ITEMS} items: ask for fewer`);
  }

  /** For so many items with what is selected of each. Throws `PAYLOAD_TOO_LARGE`, before anything of it is resolved. */
  spendFields(items: number, info: GraphQLResolveInfo): void {
    this.#fields -= items * fieldsUnder(info);
    if (this.#fields < 0) throw tooLarge(`the items of one answer exceed ${MAX_ANSWER_FIELDS} fields: ask for fewer`);
  }

  renew(): void {
    this.#bytes = MAX_ANSWER_BYTES;
    this.#items = MAX_ANSWER_ITEMS;
    this.#fields = MAX_ANSWER_FIELDS;
  }
}

/** As if each fragment were written where it is spread; each is looked at once, so that spreads of spreads cost nothing. */
function fieldsUnder({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  const known = new Map<string, number>();
  const countOf = (selected: SelectionSetNode | undefined): number => {
    let count = 0;
    for (const selection of selected?.selections ?? []) {
      if (selection.kind === Kind.FIELD) count += 1 + countOf(selection.selectionSet);
      else if (selection.kind === Kind.INLINE_FRAGMENT) count += countOf(selection.selectionSet);
      else count += fragmentCount(selection.name.value);
    }
    return count;
  };
  const fragmentCount = (name: string): number => {
    let count = known.get(name);
    if (count === undefined) known.set(name, (count = countOf(fragments[name]?.selectionSet)));
    return count;
  };
  return fieldNodes.reduce((sum, { selectionSet }) => sum + countOf(selectionSet), 0);
}

const tooLarge = (message: string): GraphQLError => refused('PAYLOAD_TOO_LARGE', message);
