import type { FormEvent } from 'react';
import { gql, useMutation } from 'urql';

const INSERT = gql<unknown, { input: { key: unknown; value: unknown; ifAbsent: boolean } }>`
  mutation ($input: InsertItemInput!) {
    insertItem(input: $input) {
      id
      key
      value
      timestamp
      cursor
    }
  }
`;

export function InsertForm() {
  // This answer and the subscription may come in either order: the cache keeps the newer version.
  const [{ fetching, error }, insert] = useMutation(INSERT);

  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const input = { key: fields.get('key'), value: fields.get('value'), ifAbsent: fields.has('ifAbsent') };
    void insert({ input });
  };

  return (
    <form onSubmit={onSubmit}>
      <label>
        Key <input name="key" />
      </label>
      <label>
        Value <input name="value" />
      </label>
      <label>
        <input type="checkbox" name="ifAbsent" /> Only if the key is new
      </label>
      <button disabled={fetching}>Insert</button>
      {error && <p role="alert">{error.graphQLErrors[0]?.message ?? error.message}</p>}
    </form>
  );
}
