#!/usr/bin/env node
// Checks that Node is new enough, then imports the rest. Node 16 must be able to parse this file and to resolve its imports.
import { readFileSync } from 'node:fs';

const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  engines: { node: string };
};
const oldest = engines.node.replace('>=', '');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const [oldestMajor = 0, oldestMinor = 0] = oldest.split('.').map(Number);
if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
  console.error(`seamline: Node ${process.versions.node} is too old: seamline needs ${oldest} or newer`);
  process.exit(1);
}

const { run } = await import('./commands.ts');
process.exit(await run(process.argv.slice(2)));
