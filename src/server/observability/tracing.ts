/** Records a span for each append to the log. It uses OpenTelemetry's API only: without an SDK nothing is recorded. */
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { SeamlineError } from '../../core/model/errors.ts';
import type { OrderedLog } from '../../core/replication/ordered-log.ts';
import { withAppend } from './with-append.ts';

/** Engines in this process: their appends are internal spans, those to a server are client spans. */
const LOCAL: ReadonlySet<string> = new Set(['memory', 'file']);

/**
 * The same log with all its members, but with traced appends. `isTraced`: whether an SDK is registered. `collection`: an attribute, if the
 * collections of the server have names.
 */
export function traced(log: OrderedLog, isTraced = (): boolean => true, collection?: string): OrderedLog {
  const tracer = trace.getTracer('seamline');
  const { engine } = log;
  const kind = LOCAL.has(engine) ? SpanKind.INTERNAL : SpanKind.CLIENT;

  const append: OrderedLog['append'] = (...entry) => {
    if (!isTraced()) return log.append(...entry);
    const [data] = entry;
    const attributes = {
      'seamline.engine': engine,
      'seamline.append.bytes': data.byteLength,
      ...(collection !== undefined && { 'seamline.collection': collection }),
    };
    const span = tracer.startSpan('append', { kind, attributes });
    if (!span.isRecording()) return log.append(...entry);
    const appended = context.with(trace.setSpan(context.active(), span), () => log.append(...entry));
    return appended
      .then(
        (sequence) => {
          span.setAttribute('seamline.append.sequence', sequence);
          return sequence;
        },
        (error: unknown) => {
          const type = error instanceof SeamlineError ? error.code : 'INTERNAL_SERVER_ERROR';
          span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
          throw error;
        },
      )
      .finally(() => span.end());
  };

  return withAppend(log, append);
}
