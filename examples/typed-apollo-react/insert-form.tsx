import { useMutation } from '@apollo/client/react';
import type { FormEvent } from 'react';
import { graphql } from './documents/gql.ts';
import type { QuoteInput, Venue } from './documents/graphql.ts';

const INSERT = graphql(`
  mutation InsertQuote($input: QuoteInput!, $ifAbsent: Boolean) {
    insertQuote(input: $input, ifAbsent: $ifAbsent) {
      id
      symbol
      price
      venue
      cursor
    }
  }
`);

const VENUES: readonly Venue[] = ['NYSE', 'LSE'];

export function InsertForm() {
  const [insert, { loading, error }] = useMutation(INSERT);

  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string): string => fields.get(name) as string;
    const input: QuoteInput = {
      symbol: text('symbol'),
      price: Number(text('price')),
      venue: VENUES.find((venue) => venue === text('venue')) ?? null,
    };
    // What is refused is in `error`.
    insert({ variables: { input, ifAbsent: fields.has('ifAbsent') } }).catch(() => {});
  };

  return (
    <form onSubmit={onSubmit}>
      <label>
        Symbol <input name="symbol" />
      </label>
      <label>
        Price <input name="price" type="number" step="any" />
      </label>
      <label>
        Venue{' '}
        <select name="venue">
          <option />
          {VENUES.map((venue) => (
            <option key={venue}>{venue}</option>
          ))}
        </select>
      </label>
      <label>
        <input type="checkbox" name="ifAbsent" /> Only if the symbol is new
      </label>
      <button disabled={loading}>Insert</button>
      {error && <p role="alert">{error.message}</p>}
    </form>
  );
}
