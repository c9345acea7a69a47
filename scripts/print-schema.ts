/** Writes schema/schema.graphql from the code. With --check it writes nothing and exits with 1 when the file differs. */
import { lexicographicSortSchema, printSchema } from 'graphql';
import { readFileSync, writeFileSync } from 'node:fs';
import { createSchema } from '../schema/index.ts';

const file = new URL('../schema/schema.graphql', import.meta.url);
const printed = `${printSchema(lexicographicSortSchema(createSchema()))}\n`;

if (!process.argv.includes('--check')) writeFileSync(file, printed);
else if (readFileSync(file, 'utf8') !== printed) {
  console.error('schema/schema.graphql differs from the code: run npm run codegen');
  process.exitCode = 1;
}
