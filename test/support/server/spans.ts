/** Sets up OpenTelemetry's SDK as a user does, and gives access to the recorded spans. */
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { vi } from 'vitest';

export interface Spans {
  readonly all: readonly ReadableSpan[];
  named(name: string): ReadableSpan[];
  /** Resolves with the first span of this name once it has ended, which is after the answer was sent. */
  ended(name: string): Promise<ReadableSpan>;
  forget(): void;
}

/** It stays for the rest of the test file, because the API has one SDK for each process. */
export function recordSpans(): Spans {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const named = (name: string): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.name === name);
  return {
    get all() {
      return exporter.getFinishedSpans();
    },
    named,
    ended: (name) =>
      vi.waitFor(
        () => {
          const [span] = named(name);
          if (!span) throw new Error(`no span is named ${name}`);
          return span;
        },
        { timeout: 10_000 },
      ),
    forget: () => exporter.reset(),
  };
}
