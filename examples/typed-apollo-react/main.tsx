import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { ApolloProvider } from '@apollo/client/react';
import { createClient } from 'graphql-ws';
import { createRoot } from 'react-dom/client';
import { persistent } from 'seamline/client';
import { createTypePolicies } from 'seamline/client/apollo';
import { InsertForm } from './insert-form.tsx';
import { Quotes } from './quotes.tsx';

const { href: url } = new URL('/graphql', location.href);
// The client reconnects without limit, and useItems resumes its subscription.
const socket = createClient({ url: url.replace('http', 'ws'), ...persistent() });

const client = new ApolloClient({
  cache: new InMemoryCache({ typePolicies: createTypePolicies({ collections: ['Quote'] }) }),
  link: new HttpLink({ uri: url }),
});

// index.html contains <main>.
createRoot(document.querySelector('main') as HTMLElement).render(
  <ApolloProvider client={client}>
    <h1>Typed quotes with Apollo Client</h1>
    <InsertForm />
    <Quotes client={socket} />
  </ApolloProvider>,
);
