/** seamline as `npm start` runs it. The first argument may name the interests of the subscribers, the others are flags. */
import { parseArgs } from 'node:util';
import { useFrugalHeap } from '../../src/cli/process/heap.ts';
import { filledKey, filledValue } from './interests.ts';
import { serve } from './peer.ts';

const { values: flags } = parseArgs({
  options: {
    'max-items': { type: 'string' },
    'no-fan-out': { type: 'boolean', default: false },
    schema: { type: 'string' },
  },
  allowPositionals: true,
});
/** Above the numbers of WebSockets, and of insertions in flight on a full server. */
const limits = { maxConnections: 11_000, maxSubscriptions: 20_000 };
useFrugalHeap();
const { createServer } = await import('../../src/server/server.ts');
const maxItems = Number(flags['max-items'] ?? 0);
const server = await createServer({
  port: 0,
  ...limits,
  fanOut: !flags['no-fan-out'],
  ...(flags.schema !== undefined && { schema: flags.schema }),
  ...(maxItems > 0 && { maxItems, maxBytes: 1024 ** 3 }),
});
serve({
  port: Number(new URL(server.url).port),
  async fill(from, to) {
    for (let at = from; at < to; at += 1000)
      await server.map.insertMany(
        Array.from({ length: Math.min(1000, to - at) }, (_, n) => ({
          key: filledKey(at + n),
          value: filledValue(at + n),
        })),
      );
  },
});
