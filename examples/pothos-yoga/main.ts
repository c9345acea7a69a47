import SchemaBuilder from '@pothos/core';
import { createYoga } from 'graphql-yoga';
import { createServer } from 'node:http';
import { addStream, memoryLog, StreamingMap, useFanOut } from 'seamline';
import { z } from 'zod';

const Quote = z.object({ symbol: z.string().min(1), price: z.number().positive() });
const quotes = await StreamingMap.open({ log: memoryLog(), keyOf: ({ symbol }) => symbol, validate: Quote });
const builder = new SchemaBuilder({});
builder.queryType({ fields: (t) => ({ ok: t.boolean({ resolve: () => true }) }) });
builder.mutationType();
builder.subscriptionType();
// prettier-ignore
const type = builder.objectRef<z.infer<typeof Quote>>('Quote').implement({ fields: (t) => ({ symbol: t.exposeString('symbol'), price: t.exposeFloat('price') }) });
// prettier-ignore
const input = builder.inputType('QuoteInput', { fields: (t) => ({ symbol: t.string({ required: true }), price: t.float({ required: true }) }) });
addStream(builder, { map: quotes, type, input });
const server = createServer(createYoga({ schema: builder.toSchema(), plugins: [useFanOut()] }));

// That’s all. The rest starts the server:
const [port = '4000'] = process.argv.slice(2);
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') console.log(`  server  http://127.0.0.1:${address?.port}/graphql`);
});
