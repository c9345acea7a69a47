/** A query loads the current items, and a subscription after its cursor delivers the changes, without a gap. */
import { gql, useQuery, useSubscription } from 'urql';

interface Item {
  id: string;
  key: string;
  value: unknown;
  timestamp: string;
}

interface Page {
  items: { edges: { node: Item }[]; cursor: string };
}

const PAGE = gql<Page>`
  query {
    items(first: 1000) {
      edges {
        node {
          id
          key
          value
          timestamp
          cursor
        }
      }
      cursor
    }
  }
`;

const CHANGES = gql<unknown, { after: string }>`
  subscription ($after: String) {
    itemChanges(after: $after) {
      reset
      upserted {
        id
        key
        value
        timestamp
        cursor
      }
      removed {
        key
        cursor
      }
      cursor
    }
  }
`;

export function Items() {
  const [{ data, error }] = useQuery({ query: PAGE });
  const after = data?.items.cursor;
  // Into the cache, and from there into the query's list.
  const [changes] = useSubscription({ query: CHANGES, variables: { after: after ?? '' }, pause: !after });

  const failure = error ?? changes.error;
  if (failure) return <p role="alert">{failure.message}</p>;
  if (!data) return <p>Loading …</p>;
  return (
    <ul aria-label="Items">
      {data.items.edges.map(({ node: { id, key, value, timestamp } }) => (
        <li key={id}>
          <b>{key}</b>
          <span>{typeof value === 'string' ? value : JSON.stringify(value)}</span>
          <time dateTime={timestamp}>{new Date(timestamp).toLocaleTimeString()}</time>
        </li>
      ))}
    </ul>
  );
}
