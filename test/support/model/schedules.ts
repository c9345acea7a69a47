/** Every order in which actors can take their steps, each keeping its own order: `[0, 1, 0]` is actor 0, then 1, then 0. */
export function* schedules(steps: readonly number[]): Generator<readonly number[], void, void> {
  const left = [...steps];
  const taken: number[] = [];
  const total = steps.reduce((sum, count) => sum + count, 0);
  function* go(): Generator<readonly number[], void, void> {
    if (taken.length === total) yield taken;
    for (const [actor, count] of left.entries()) {
      if (count === 0) continue;
      left[actor] = count - 1;
      taken.push(actor);
      yield* go();
      taken.pop();
      left[actor] = count;
    }
  }
  yield* go();
}
