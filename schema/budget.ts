import { GraphQLError } from 'graphql';

/** Of the values in one answer: as many as the largest page of the largest values. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Of all pages in one answer: ten of the largest. */
const MAX_ANSWER_ITEMS = 10_000;

/**
 * What one answer may hold. Aliases ask for the same again and again: a document of a kilobyte could ask for gigabytes. A result
 * of a subscription is an answer of its own.
 */
export class AnswerBudget {
  #bytes = MAX_ANSWER_BYTES;
  #items = MAX_ANSWER_ITEMS;

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

  renew(): void {
    this.#bytes = MAX_ANSWER_BYTES;
    this.#items = MAX_ANSWER_ITEMS;
  }
}

function tooLarge(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'PAYLOAD_TOO_LARGE' } });
}
