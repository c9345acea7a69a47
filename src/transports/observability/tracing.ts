/**
 * A span for each operation, through OpenTelemetry's API only: without an SDK nothing is recorded. Names and attributes follow
 * https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans, without `graphql.document`, whose literals may be secrets.
 */
import {
  context,
  type Context,
  propagation,
  ProxyTracerProvider,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { IncomingHttpHeaders } from 'node:http';

export interface OperationName {
  readonly type: string;
  readonly name: string | undefined;
  /** `websocket`, `sse`, `multipart`, `http`. */
  readonly transport: string;
}

export interface OperationSpan {
  /** Calls `run`, whose spans become children of this one. */
  within<T>(run: () => T): T;
  /** `code`: of the error that ended the operation. */
  end(code: string | undefined, deliveries: number | undefined): void;
}

const UNRECORDED: OperationSpan = { within: (run) => run(), end: () => {} };

/** `headers`: of the HTTP request. Their `traceparent` names the parent unless an instrumentation of HTTP has set one. */
export function startOperationSpan(
  tracer: Tracer,
  { type, name, transport }: OperationName,
  headers: IncomingHttpHeaders,
): OperationSpan {
  if (!isTraced()) return UNRECORDED;
  const parent = parentOf(headers);
  const span = tracer.startSpan(
    type,
    {
      kind: SpanKind.SERVER,
      attributes: {
        'graphql.operation.type': type,
        ...(name !== undefined && { 'graphql.operation.name': name }),
        'seamline.transport': transport,
      },
    },
    parent,
  );
  if (!span.isRecording()) return UNRECORDED;
  const own = trace.setSpan(parent, span);
  return {
    within: (run) => context.with(own, run),
    end(code, deliveries) {
      if (deliveries !== undefined) span.setAttribute('seamline.deliveries', deliveries);
      // The message may quote variables.
      if (code !== undefined) span.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** Whether an SDK is registered, which may happen at any time. */
export function isTraced(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('seamline') !== undefined;
}

function parentOf(headers: IncomingHttpHeaders): Context {
  const active = context.active();
  return trace.getSpan(active) ? active : propagation.extract(active, headers);
}
