/** seamline as `npm start` runs it. An argument sets `--max-items`. */
import { useFrugalHeap } from '../../src/cli/process/heap.ts';
import { keyOf, serve, valueOf } from './peer.ts';

useFrugalHeap();
const { createServer } = await import('../../src/server/server.ts');
const [maxItems] = process.argv.slice(2).map(Number);
const server = await createServer({ port: 0, ...(maxItems && { maxItems, maxBytes: 1024 ** 3 }) });
serve({
  port: Number(new URL(server.url).port),
  async fill(from, to) {
    for (let at = from; at < to; at += 1000)
      await server.map.insertMany(
        Array.from({ length: Math.min(1000, to - at) }, (_, n) => ({ key: keyOf(at + n), value: valueOf(at + n) })),
      );
  },
});
