/** Measures how long the log takes to append, for `/metrics`. */
import { Histogram } from 'prom-client';
import type { OrderedLog } from '../../core/replication/ordered-log.ts';
import { withAppend } from './with-append.ts';

/** In seconds: from a log in memory to the time at which an engine is given up. */
const BUCKETS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Series = ReturnType<Histogram['labels']>;

/** Appends that are noted before the histogram gets them. It takes far less for each of many at once than for one that comes alone. */
const MAX_NOTED = 256;

export class AppendLatency {
  /** What the histogram lacks. */
  #noted: { readonly series: Series; readonly seconds: number }[] = [];
  readonly histogram = new Histogram({
    name: 'seamline_append_duration_seconds',
    help: 'Time that the log took to append a command: a whole batch, a removal or an expiry.',
    labelNames: ['engine', 'outcome', 'collection'],
    buckets: BUCKETS,
    registers: [],
    collect: () => this.#hand(),
  });

  /** The same log, with timed appends. `collection`: a label, if the collections of the server have names. */
  timed(log: OrderedLog, collection?: string): OrderedLog {
    const [ok, failed] = ['ok', 'failed'].map((outcome) => {
      const labels = { engine: log.engine, outcome, ...(collection !== undefined && { collection }) };
      // Both series exist from the start, so that a rate over them is 0 and not absent.
      this.histogram.zero(labels);
      return this.histogram.labels(labels);
    });
    return withAppend(log, (data, id) => {
      const start = performance.now();
      const appended = log.append(data, id);
      // Beside the promise that is returned, so that callers wait for no further microtask.
      appended.then(
        () => this.#note(ok, start),
        () => this.#note(failed, start),
      );
      return appended;
    });
  }

  #note(series: Series | undefined, start: number): void {
    if (!series) return;
    this.#noted.push({ series, seconds: (performance.now() - start) / 1000 });
    if (this.#noted.length === MAX_NOTED) this.#hand();
  }

  #hand(): void {
    const noted = this.#noted;
    this.#noted = [];
    for (const { series, seconds } of noted) series.observe(seconds);
  }
}
