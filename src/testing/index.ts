export type { LogUnderTest } from './case.ts';
export { logConformance, type LogTestCase } from './log-conformance.ts';
