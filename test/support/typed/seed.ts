/**
 * Random tests take the same path each time, so that a failure elsewhere is not a matter of luck. With `TYPED_RUNS` they take another one each
 * time.
 */
export const SEED: { readonly seed?: number } = process.env['TYPED_RUNS'] === undefined ? { seed: 16 } : {};
