/** The console of a server with the collections quotes and orders. */
import type { ServerOptions } from '../../../src/server/options.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { schemaFile } from '../server/collections.ts';
import { startWithConsole } from './console.ts';

export const startTyped = (options: ServerOptions = {}): Promise<SeamlineServer> =>
  startWithConsole({ schema: schemaFile(), ...options });

export const quote = (symbol: string, price: number, venue?: string) => ({
  key: symbol,
  value: { symbol, price, ...(venue !== undefined && { venue }) },
});

export const order = (number: number, lines: readonly object[] = []) => ({
  key: String(number),
  value: { number, lines },
});
