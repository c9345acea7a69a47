/** A server with two typed collections. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import type { ServerOptions } from '../../../src/server/options.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { startServer } from './server.ts';

export const QUOTES_AND_ORDERS = `
type Quote @collection(key: "symbol", maxItems: 100) {
  symbol: ID!
  price: Float!
  venue: Venue
}
enum Venue { NYSE LSE }
type Order @collection(key: "number", window: 500) {
  number: Int!
  lines: [Line!]
  note: String
}
type Line { product: String! count: Int }
`;

/** A folder that is removed after the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'collections-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The path of an SDL file with this text. */
export function schemaFile(text = QUOTES_AND_ORDERS): string {
  const file = join(newFolder(), 'schema.graphql');
  writeFileSync(file, text);
  return file;
}

export const startCollections = (options: ServerOptions = {}): Promise<SeamlineServer> =>
  startServer({ schema: schemaFile(), ...options });

/** The map of a collection. */
export function mapOf(server: SeamlineServer, plural: string) {
  const map = server.maps.get(plural);
  if (!map) throw new Error(`no collection ${plural}`);
  return map;
}

export const INSERT_QUOTE = 'mutation ($input: QuoteInput!) { insertQuote(input: $input) { symbol price cursor } }';
export const INSERT_ORDER = 'mutation ($input: OrderInput!) { insertOrder(input: $input) { number note cursor } }';
export const QUOTES = 'subscription ($after: String) { quotes(after: $after) { symbol price venue cursor } }';
export const QUOTE_CHANGES =
  'subscription ($filter: QuoteFilter) { quoteChanges(filter: $filter) { reset upserted { symbol price venue cursor } removed { key reason } caughtUp cursor size checksum } }';
