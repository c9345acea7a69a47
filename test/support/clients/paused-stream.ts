/** A stream over SSE whose client reads nothing. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { JSON_BODY } from './requests.ts';

/** A response that is not read. */
export function pausedStream(server: SeamlineServer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      server.url,
      { method: 'POST', headers: { ...JSON_BODY, accept: 'text/event-stream' } },
      resolve,
    );
    sent.on('error', reject);
    sent.end(JSON.stringify({ query: 'subscription { items { key value } }' }));
    onTestFinished(() => void sent.destroy());
  });
}

/** Resolves when nothing is delivered for several keep-alive intervals, which shows that the buffers are full. */
export async function untilFull(server: SeamlineServer): Promise<void> {
  let [seen, turns] = [0, 0];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const { deliveries } = server.map.counters;
      turns = deliveries > 0 && deliveries === seen ? turns + 1 : 0;
      seen = deliveries;
      if (turns < 8) return;
      clearInterval(timer);
      resolve();
    }, 20);
  });
}
