import { gql, type TypedDocumentNode } from '@apollo/client';
import { useMutation } from '@apollo/client/react';
import type { FormEvent } from 'react';

const INSERT: TypedDocumentNode<unknown, { input: { key: unknown; value: unknown; ifAbsent: boolean } }> = gql`
  mutation Insert($input: InsertItemInput!) {
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
  const [insert, { loading, error }] = useMutation(INSERT);

  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const input = { key: fields.get('key'), value: fields.get('value'), ifAbsent: fields.has('ifAbsent') };
    // What is refused is in `error`.
    insert({ variables: { input } }).catch(() => {});
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
      <button disabled={loading}>Insert</button>
      {error && <p role="alert">{error.message}</p>}
    </form>
  );
}
