import type { IncomingMessage } from 'node:http';
import { propagation } from '@opentelemetry/api';
import { expect, it, onTestFinished, vi } from 'vitest';
import { RequestLog } from '../../src/transports/observability/request-log.ts';
import { SILENT } from '../../src/core/model/logger.ts';

it('a connection keeps 2,048 characters of the headers that traces need, the short ones first, and no other header', () => {
  vi.spyOn(propagation, 'fields').mockReturnValue(['X-Trace', 'X-More', 'traceparent']);
  onTestFinished(() => void vi.restoreAllMocks());
  const headers = {
    baggage: 'b'.repeat(3000),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    authorization: 'Bearer a',
    cookie: 'a=b',
    'user-agent': 'u'.repeat(1000),
    'x-trace': 't'.repeat(1000),
    'x-more': 'x'.repeat(1500),
  };
  const identity = new RequestLog(SILENT, () => '127.0.0.1').connected({ headers } as unknown as IncomingMessage);
  expect(Object.keys(identity.headers).toSorted()).toEqual(['traceparent', 'x-trace']);
});
