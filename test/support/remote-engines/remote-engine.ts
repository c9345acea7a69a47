/** What the shared tests of remote logs need of each engine. The log is called `test` on all of them. */
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import type { RemoteLogOptions } from '../../../src/logs/remote/options.ts';
import type { Certificates } from '../engines/certificates.ts';
import type { EngineServer } from '../engines/engine-server.ts';

export interface RemoteEngine {
  readonly name: 'nats' | 'redis' | 'postgres';
  /** How messages name it. */
  readonly title: string;
  /** Whether an append that is repeated with its id is there once. */
  readonly knowsIds: boolean;
  /** What may become of appends of which nobody knows whether the server has got them. */
  readonly codesWhenPaused: RegExp;
  /** Ends with the test. */
  start(options?: StartOptions): Promise<EngineServer>;
  /** Not yet open. `url` may be that of a network to the server. */
  log(url: string, options?: Partial<RemoteLogOptions> & { readonly stream?: string }): OrderedLog;
  /** What makes the server lose the log, by what it is called; with another one in its place if the engine makes none itself. */
  readonly losses: Readonly<Record<string, (server: EngineServer) => Promise<unknown>>>;
  /** Appends an entry that no log has written. Resolves with how its data is delivered. */
  appendForeign(server: EngineServer): Promise<string>;
  /** Connections or consumers that the server keeps for the log. */
  resources(server: EngineServer): Promise<() => Promise<number>>;
  /** The first sequence that the server holds. */
  first(server: EngineServer): Promise<number>;
  /** How many snapshots have pieces on the server. */
  snapshotCount(server: EngineServer): Promise<number>;
  /** Removes all entries, and keeps the count of sequences. */
  purge(server: EngineServer): Promise<unknown>;
  /** What else an operator may remove, all snapshots included, by what that is called. */
  readonly removals: Readonly<Record<string, (server: EngineServer) => Promise<unknown>>>;
  /** From now on no snapshot can be saved. */
  refuseSnapshots(server: EngineServer): Promise<unknown>;
  /** What may happen to the newest snapshot, by what it is called. */
  readonly snapshotFaults: Readonly<Record<string, (server: EngineServer) => Promise<unknown>>>;
}

export interface StartOptions {
  readonly tls?: Certificates;
  /** Whether it keeps anything when it is killed, if the engine has a choice. Default true. */
  readonly isPersistent?: boolean;
}

/** With a bit that is wrong. */
export const flipped = (bytes: Uint8Array | null | undefined): Buffer =>
  Buffer.from(Uint8Array.from(bytes ?? [], (byte, n) => (n === 500 ? byte ^ 1 : byte)));
