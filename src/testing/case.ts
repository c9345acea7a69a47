import type { OrderedLog } from '../core/replication/ordered-log.ts';

/** A log for one test. */
export interface LogUnderTest {
  /** Empty, and not yet open. The test opens and closes it. */
  readonly log: OrderedLog;
  /**
   * Of an engine that keeps its entries when the log is closed: another instance of the same log, not yet open. Without it, the
   * test that needs it passes without doing anything.
   */
  readonly reopen?: (() => OrderedLog | Promise<OrderedLog>) | undefined;
  /** Called after the test, when all logs are closed. */
  readonly dispose?: (() => void | Promise<void>) | undefined;
}

/** What a case works with: a log that is open. All logs of a case are closed when it ends. */
export interface CaseContext extends LogUnderTest {
  /** Another empty log, open. */
  another(): Promise<LogUnderTest>;
}

/** By name. */
export type Cases = Readonly<Record<string, (context: CaseContext) => Promise<void>>>;
export type Case = readonly [name: string, run: Cases[string]];
