/** Every entry point of the client, with the libraries that it is for. */
import { resumableLink, typePolicies } from 'seamline/client/apollo';
import { useItems } from 'seamline/client/react';
import { graphcacheConfig, resumeExchange } from 'seamline/client/urql';

const made = [resumableLink(), typePolicies, useItems, graphcacheConfig(), resumeExchange()];
console.info(JSON.stringify(made.map((one) => typeof one)));
