/** Hive's composition and gateway, in test/gateway: a package of its own, because they need graphql 16. */
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { type DocumentNode, parse } from 'graphql';
import type { Address } from '../clients/clients.ts';
import { post, resultOf } from '../clients/requests.ts';
import { put } from '../documents/blocks.ts';
import { temporaryDirectory } from '../engines/kept.ts';
import { start } from '../processes/shell.ts';
import { addressAt } from '../sockets/passing.ts';

const GATEWAY = 'test/gateway';
/** CI installs it. */
export const isMissing = !existsSync(join(GATEWAY, 'node_modules')) && process.env['CI'] === undefined;
/** To be part of a title. */
export const whyMissing = isMissing ? ` [SKIPPED: npm ci --prefix ${GATEWAY}]` : '';

export interface Subgraph {
  readonly name: string;
  readonly sdl: string;
  readonly url?: string | undefined;
}

interface Composition {
  readonly supergraphSdl?: string;
  /** What clients see. */
  readonly publicSdl?: string;
  readonly errors?: readonly { readonly message: string }[];
}

interface Composer {
  composeServices(services: readonly { name: string; typeDefs: DocumentNode; url?: string | undefined }[]): Composition;
}

export function compose(subgraphs: readonly Subgraph[]): Composition {
  const { composeServices } = createRequire(resolve(GATEWAY, 'package.json'))(
    '@theguild/federation-composition',
  ) as Composer;
  return composeServices(subgraphs.map(({ sdl, ...subgraph }) => ({ ...subgraph, typeDefs: parse(sdl) })));
}

/** A composition that must succeed. */
export function supergraphOf(subgraphs: readonly Subgraph[]): string {
  const { supergraphSdl, errors } = compose(subgraphs);
  if (supergraphSdl === undefined) throw new Error(errors?.map(({ message }) => message).join('\n'));
  return supergraphSdl;
}

/**
 * The runtime that `@graphql-hive/gateway` starts, with the supergraph of these subgraphs. `configuration`: a block of docs/gateways.md, which
 * names the file of the supergraph.
 */
export async function startGateway(configuration: string, subgraphs: readonly Subgraph[]): Promise<Address> {
  const supergraph = join(temporaryDirectory(), 'supergraph.graphql');
  writeFileSync(supergraph, supergraphOf(subgraphs));
  const module = put(configuration, {
    "import { defineConfig } from '@graphql-hive/gateway';": 'const defineConfig = (config) => config;',
    './supergraph.graphql': supergraph,
  });
  const running = start(process.execPath, ['--input-type=module', '-'], { cwd: GATEWAY });
  running.stdin.end(`
    import { createServer } from 'node:http';
    import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
    ${module}
    const server = createServer(createGatewayRuntime({ ...gatewayConfig, logging: false }));
    server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port + '/'));`);
  const [, origin = ''] = await running.said(/(\S+)\/\n/);
  return addressAt(origin);
}

/** A running server as a subgraph, as a composition would ask it. */
export async function seamlineSubgraph(
  { url }: Address,
  headers: Readonly<Record<string, string>> = {},
  name = 'seamline',
): Promise<Subgraph> {
  const answer = await post({ url, webSocketUrl: '' }, { query: '{ _service { sdl } }' }, headers);
  const { data } = await resultOf<{ _service: { sdl: string } }>(answer);
  if (!data) throw new Error('no SDL');
  return { name, url, sdl: data._service.sdl };
}
