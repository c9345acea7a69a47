import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { ApolloProvider } from '@apollo/client/react';
import { createClient } from 'graphql-ws';
import { createRoot } from 'react-dom/client';
import { persistent } from 'seamline/client';
import { resumableLink, typePolicies } from 'seamline/client/apollo';
import { InsertForm } from './insert-form.tsx';
import { Items } from './items.tsx';

const { href: url } = new URL('/graphql', location.href);
// The client reconnects without limit, and resumableLink resumes its subscriptions.
const socket = createClient({ url: url.replace('http', 'ws'), ...persistent() });

const client = new ApolloClient({
  cache: new InMemoryCache({ typePolicies }),
  link: ApolloLink.split(
    ({ operationType }) => operationType === 'subscription',
    resumableLink().concat(new GraphQLWsLink(socket)),
    new HttpLink({ uri: url }),
  ),
});

// index.html contains <main>.
createRoot(document.querySelector('main') as HTMLElement).render(
  <ApolloProvider client={client}>
    <h1>seamline with Apollo Client</h1>
    <InsertForm />
    <Items />
  </ApolloProvider>,
);
