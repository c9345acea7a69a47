import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { RequestLog } from '../../src/transports/observability/request-log.ts';
import { SILENT } from '../../src/core/model/logger.ts';

it('a connection keeps 2,048 characters of its headers, the short ones first, and no token and no cookie', () => {
  const headers = {
    baggage: 'b'.repeat(3000),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    authorization: 'Bearer a',
    cookie: 'a=b',
    'user-agent': 'u'.repeat(1000),
    'x-more': 'x'.repeat(1500),
  };
  const identity = new RequestLog(SILENT, () => '127.0.0.1').connected({ headers } as unknown as IncomingMessage);
  expect(Object.keys(identity.headers).toSorted()).toEqual(['traceparent', 'user-agent']);
});
