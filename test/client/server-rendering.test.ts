/** Pages that are rendered on a server. */
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, it } from 'vitest';
import { ItemChangesDocument } from '../../schema/documents/graphql.ts';
import { useItems } from '../../src/client/react.ts';
import type { SubscriptionClient } from '../../src/client/resuming/resumable.ts';

const QUOTES = 'subscription { quoteChanges { reset upserted { id cursor } removed { key } caughtUp cursor } }';

it.each([
  ['without a document', (client: SubscriptionClient) => useItems(client, { filter: { keyPrefix: 'a' } })],
  ['with a typed document', (client: SubscriptionClient) => useItems(client, { filter: {} }, ItemChangesDocument)],
  ['with a text', (client: SubscriptionClient) => useItems(client, {}, QUOTES)],
])('useItems %s renders as loading on a server, and doesn’t subscribe', (_which, use) => {
  let subscriptions = 0;
  const client: SubscriptionClient = {
    subscribe() {
      subscriptions++;
      return () => {};
    },
  };
  const List = () => {
    const { items, isLoaded, status } = use(client);
    return createElement('p', null, `${items.size} ${isLoaded} ${status}`);
  };
  expect(renderToString(createElement(List))).toBe('<p>0 false connecting</p>');
  expect(subscriptions).toBe(0);
});
