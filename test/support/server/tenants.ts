/** Callers of one server with different tokens, over any transport. */
import { createClient as createSseClient } from 'graphql-sse';
import { type Client, createClient } from 'graphql-ws';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { type Feed, overClient, type Result } from '../clients/clients.ts';
import { post, resultOf } from '../clients/requests.ts';
import { bearer, type Claims, sign } from './tokens.ts';

export type Wire = 'WebSocket' | 'SSE';
export const wires: readonly Wire[] = ['WebSocket', 'SSE'];

export interface Tenant {
  readonly keyPrefix: string;
  readonly token: string;
  request<Data = Readonly<Record<string, unknown>>>(query: string, variables?: object): Promise<Result<Data>>;
  /** Like `request`, but it must succeed. */
  ask<Data = Readonly<Record<string, unknown>>>(query: string, variables?: object): Promise<Data>;
  subscribe<Data>(wire: Wire, query: string, variables?: object, extensions?: Record<string, unknown>): Feed<Data>;
}

export async function tenant(server: SeamlineServer, keyPrefix: string, claims: Claims = {}): Promise<Tenant> {
  const token = await sign({ ...(keyPrefix !== '' && { keyPrefix }), ...claims });
  const clients = new Map<Wire, Client>();
  const clientOf = (wire: Wire): Client => {
    const client = clients.get(wire) ?? connectBy(server, wire, token);
    clients.set(wire, client);
    return client;
  };
  const request = async <Data>(query: string, variables?: object): Promise<Result<Data>> =>
    resultOf<Data>(await post(server, { query, variables }, bearer(token)));
  return {
    keyPrefix,
    token,
    request,
    async ask<Data>(query: string, variables?: object) {
      const { data, errors } = await request<Data>(query, variables);
      if (!data || errors) throw new Error(JSON.stringify(errors));
      return data;
    },
    subscribe: (wire, query, variables, extensions) =>
      overClient(clientOf(wire), { query, ...(variables && { variables }), ...(extensions && { extensions }) }),
  };
}

function connectBy(server: SeamlineServer, wire: Wire, token: string): Client {
  const client =
    wire === 'SSE'
      ? // As far as `overClient` needs it, it is the same.
        (createSseClient({ url: server.url, headers: bearer(token), retryAttempts: 0 }) as unknown as Client)
      : createClient({
          url: server.webSocketUrl,
          webSocketImpl: WebSocket,
          connectionParams: { Authorization: `Bearer ${token}` },
          retryAttempts: 0,
        });
  onTestFinished(() => client.dispose());
  return client;
}
