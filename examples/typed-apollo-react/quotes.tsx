/** A live list. The items have the fields that the document selects, and codegen checks the filter. */
import type { Client } from 'graphql-ws';
import { useState } from 'react';
import { useItems } from 'seamline/client/react';
import { graphql } from './documents/gql.ts';
import type { QuoteWhere } from './documents/graphql.ts';

const CHANGES = graphql(`
  subscription QuoteChanges($filter: QuoteFilter) {
    quoteChanges(filter: $filter) {
      reset
      upserted {
        id
        symbol
        price
        venue
        timestamp
        cursor
      }
      removed {
        key
      }
      caughtUp
      cursor
      follows
      size
      checksum
    }
  }
`);

export function Quotes({ client }: { client: Client }) {
  const [least, setLeast] = useState('');
  const where: QuoteWhere = least === '' ? {} : { price: { gte: Number(least) } };
  const { items, isLoaded, status } = useItems(client, { filter: { where } }, CHANGES);

  return (
    <>
      <form>
        <label>
          At least <input type="number" value={least} onChange={({ target }) => setLeast(target.value)} />
        </label>
      </form>
      {status === 'failed' && <p role="alert">The list has ended.</p>}
      {!isLoaded && <p>Loading …</p>}
      <ul aria-label="Quotes" aria-busy={status !== 'live'}>
        {[...items.values()].map(({ symbol, price, venue, timestamp }) => (
          <li key={symbol}>
            <b>{symbol}</b>
            <span>{[price.toFixed(2), venue].join(' ')}</span>
            <time dateTime={timestamp}>{new Date(timestamp).toLocaleTimeString()}</time>
          </li>
        ))}
      </ul>
    </>
  );
}
