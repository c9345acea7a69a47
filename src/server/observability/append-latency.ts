/** Measures how long the log takes to append, for `/metrics`. */
import { Histogram } from 'prom-client';
import type { OrderedLog } from '../../core/replication/ordered-log.ts';
import { withAppend } from './with-append.ts';

/** In seconds: from a log in memory to the time at which an engine is given up. */
const BUCKETS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class AppendLatency {
  readonly histogram = new Histogram({
    name: 'seamline_append_duration_seconds',
    help: 'Time that the log took to append a command: a whole batch, a removal or an expiry.',
    labelNames: ['engine', 'outcome'],
    buckets: BUCKETS,
    registers: [],
  });

  /** The same log, with timed appends. */
  timed(log: OrderedLog): OrderedLog {
    const [ok, failed] = ['ok', 'failed'].map((outcome) => {
      const labels = { engine: log.engine, outcome };
      // Both series exist from the start, so that a rate over them is 0 and not absent.
      this.histogram.zero(labels);
      return this.histogram.labels(labels);
    });
    return withAppend(log, (data, id) => {
      const start = performance.now();
      const appended = log.append(data, id);
      // Beside the promise that is returned, so that callers wait for no further microtask.
      appended.then(
        () => ok?.observe((performance.now() - start) / 1000),
        () => failed?.observe((performance.now() - start) / 1000),
      );
      return appended;
    });
  }
}
