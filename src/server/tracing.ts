/** A span for each append to the log, through OpenTelemetry's API only: without an SDK nothing is recorded. */
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { SeamlineError } from '../core/model/errors.ts';
import type { OrderedLog } from '../core/replication/ordered-log.ts';

/** Engines that live in this process. */
const LOCAL: ReadonlySet<string> = new Set(['memory', 'file']);

/** The same log, whatever else it can, whose appends are traced. */
export function traced(log: OrderedLog): OrderedLog {
  const tracer = trace.getTracer('seamline');
  const { engine } = log;
  const kind = LOCAL.has(engine) ? SpanKind.INTERNAL : SpanKind.CLIENT;

  const append: OrderedLog['append'] = (...entry) => {
    const [data] = entry;
    const attributes = { 'seamline.engine': engine, 'seamline.append.bytes': data.byteLength };
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

  // Members are called on the log itself: what a class keeps private is not there on a proxy.
  const members = new Map<unknown, unknown>([['append', append]]);
  return new Proxy(log, {
    get(target, name) {
      const value: unknown = members.get(name) ?? Reflect.get(target, name, target);
      return typeof value === 'function' && !members.has(name) ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}
