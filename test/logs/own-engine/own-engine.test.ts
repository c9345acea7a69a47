import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { describeLog } from '../conformance.ts';
import { arrayLog, type Fault } from './array-log.ts';

const PROGRAM = fileURLToPath(new URL('run-with-node-test.ts', import.meta.url));

/** The names of the tests that have passed and failed, by `node:test`. */
async function results(fault?: Fault): Promise<{ passed: string[]; failed: string[] }> {
  const args = ['--test-reporter=tap', PROGRAM, ...(fault === undefined ? [] : [fault])];
  const { stdout } = await promisify(execFile)(process.execPath, args).catch((error: unknown) => {
    if (error instanceof Error && 'stdout' in error) return { stdout: String(error.stdout) };
    throw error;
  });
  const named = (start: RegExp): string[] => [...stdout.matchAll(start)].map(([, name = '']) => name);
  return { passed: named(/^ok \d+ - (.*)$/gm), failed: named(/^not ok \d+ - (.*)$/gm) };
}

describeLog('an engine of somebody else’s, in Vitest', () => ({ log: arrayLog() }));

it('the conformance suite passes for a sound engine in node:test', async () => {
  const { passed, failed } = await results();
  expect(failed).toEqual([]);
  expect(passed.length).toBeGreaterThan(30);
});

it.each<[Fault, RegExp]>([
  ['loses the last byte', /^a log returns every byte byte for byte$/],
  ['skips a sequence', /^append assigns dense sequences from 1 on$/],
  ['forgets to trim', /^trim removes the entries before a sequence, and no others$/],
  ['follows from the start', /^a listener from sequence 2 on gets the entries of a log of 5, and each new one$/],
])('the conformance suite finds an engine that %s', async (fault, name) => {
  const { failed } = await results(fault);
  expect(failed).toEqual(expect.arrayContaining([expect.stringMatching(name)]));
});
