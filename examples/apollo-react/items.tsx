/** A query loads the current items, and a subscription after its cursor delivers the changes, without a gap. */
import { gql, type TypedDocumentNode } from '@apollo/client';
import { useQuery } from '@apollo/client/react';
import { useEffect } from 'react';
import { updateItems } from 'seamline/client/apollo';

interface Item {
  id: string;
  key: string;
  value: unknown;
  timestamp: string;
  cursor: string;
}

interface Page {
  items: { edges: { node: Item }[]; pageInfo: { endCursor: string | null; hasNextPage: boolean }; cursor: string };
}

const ITEM = gql`
  fragment Shown on Item {
    id
    key
    value
    timestamp
    cursor
  }
`;

const PAGE: TypedDocumentNode<Page, { after?: string | null }> = gql`
  query Page($after: String) {
    items(after: $after) {
      edges {
        node {
          ...Shown
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
      cursor
    }
  }
  ${ITEM}
`;

const CHANGES = gql`
  subscription Changes($after: String) {
    itemChanges(after: $after) {
      reset
      upserted {
        ...Shown
      }
      removed {
        key
        cursor
      }
    }
  }
  ${ITEM}
`;

export function Items() {
  const { data, error, subscribeToMore, fetchMore } = useQuery(PAGE);
  const after = data?.items.cursor;
  useEffect(() => {
    if (!after) return undefined;
    return subscribeToMore({ document: CHANGES, variables: { after }, updateQuery: updateItems });
  }, [after, subscribeToMore]);

  if (error) return <p role="alert">{error.message}</p>;
  if (!data) return <p>Loading …</p>;
  const { edges, pageInfo } = data.items;
  return (
    <>
      <ul aria-label="Items">
        {edges.map(({ node: { id, key, value, timestamp } }) => (
          <li key={id}>
            <b>{key}</b>
            <span>{typeof value === 'string' ? value : JSON.stringify(value)}</span>
            <time dateTime={timestamp}>{new Date(timestamp).toLocaleTimeString()}</time>
          </li>
        ))}
      </ul>
      {pageInfo.hasNextPage && (
        <button onClick={() => void fetchMore({ variables: { after: pageInfo.endCursor } })}>More</button>
      )}
    </>
  );
}
