import { cacheExchange } from '@urql/exchange-graphcache';
import { createClient } from 'graphql-ws';
import { createRoot } from 'react-dom/client';
import { persistent } from 'seamline/client';
import { graphcacheConfig, resumeExchange } from 'seamline/client/urql';
import { Client, fetchExchange, Provider, subscriptionExchange } from 'urql';
import { InsertForm } from './insert-form.tsx';
import { Items } from './items.tsx';

const { href: url } = new URL('/graphql', location.href);
// The client reconnects without limit, and resumeExchange resumes its subscriptions.
const socket = createClient({ url: url.replace('http', 'ws'), ...persistent() });

const client = new Client({
  url,
  preferGetMethod: false,
  exchanges: [
    cacheExchange(graphcacheConfig()),
    resumeExchange(),
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables, extensions }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables, extensions }, sink) }),
      }),
    }),
    fetchExchange,
  ],
});

// index.html contains <main>.
createRoot(document.querySelector('main') as HTMLElement).render(
  <Provider value={client}>
    <h1>seamline with urql</h1>
    <InsertForm />
    <Items />
  </Provider>,
);
