import { describe, expect, it } from 'vitest';
import { logConformance, type LogUnderTest } from '../../src/testing/index.ts';

/** Runs the conformance suite that the package exports. */
export function describeLog(title: string, create: () => LogUnderTest | Promise<LogUnderTest>): void {
  describe(`${title}: conformance`, () => {
    it.each(logConformance(create))('$name', async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    });
  });
}
