/** How long to wait before trying again, in ms: 100 to 5,000, longer with each failure in a row, and never in step. */
export const backoffMs = (failures: number): number => Math.min(2500, 100 * 2 ** failures) * (1 + Math.random());
