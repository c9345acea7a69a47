/** Runs the conformance suite by `node:test`, on a log with the fault that the first argument names. */
import { test } from 'node:test';
import { logConformance } from '../../../src/testing/index.ts';
import { arrayLog, type Fault } from './array-log.ts';

const fault = process.argv[2] as Fault | undefined;

// Entries that never come would be waited for without end.
for (const { name, run } of logConformance(() => ({ log: arrayLog(fault) }))) void test(name, { timeout: 2000 }, run);
