import { type Logger, SILENT } from '../core/model/logger.ts';
import type { TrustedDocuments } from '../transports/protocol/trusted-documents.ts';
import type { OrderedLog } from '../core/replication/ordered-log.ts';

/** The options of `createServer`. `log`, `data`, `nats` and `redis` exclude each other; without any of them items are kept in memory. */
export interface ServerOptions {
  /** Port to listen on; 0: any free one. @default 4000 */
  readonly port?: number | undefined;
  /** Address to listen on. Without authentication it must be a loopback address, unless `open` is true. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** An SDL file whose types with @collection take the place of Item: docs/collections.md. @default one collection, Item */
  readonly schema?: string | undefined;
  /** Adds Apollo Federation 2 to the schema. @default false */
  readonly federation?: boolean | undefined;
  /**
   * The log that keeps the items. With a `schema` of several collections, a function that makes the log of each: it is called with the
   * plural name, such as `quotes`.
   * @default a log in memory, lost when the process ends
   */
  readonly log?: OrderedLog | ((collection: string) => OrderedLog) | undefined;
