#!/usr/bin/env node
// This file only asks whether this Node can run the rest. Node 16 must still be able to parse it and to resolve what it imports,
// so everything else is imported afterwards.
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
