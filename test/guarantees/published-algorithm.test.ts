/**
 * The algorithm that seamline descends from, in small, and in every interleaving: a writer stamps, stores, publishes; a reader
 * subscribes, takes the cutoff, reads what is cached up to it, and then takes what is published with a later stamp. If this
 * model lost nothing, the schedules would prove nothing about ours.
 */
import { expect, it } from 'vitest';
import { schedules } from '../support/model/schedules.ts';

interface Stamped {
  readonly writer: number;
  readonly time: number;
}

/** The writers of items that the reader never gets. */
function lostIn(schedule: readonly number[], clock: (step: number) => number): number[] {
  const cache: Stamped[] = [];
  const received: Stamped[] = [];
  const stamps = [0, 0];
  const nextStep = [0, 0, 0];
  let isSubscribed = false;
  let cutoff = 0;
  let cached: Stamped[] = [];
  for (const [now, actor] of schedule.entries()) {
    const step = nextStep[actor] ?? 0;
    nextStep[actor] = step + 1;
    const time = stamps[actor] ?? 0;
    if (actor === 2) {
      if (step === 0) isSubscribed = true;
      else if (step === 1) cutoff = clock(now);
      else cached = cache.filter((item) => item.time <= cutoff);
    } else if (step === 0) stamps[actor] = clock(now);
    else if (step === 1) cache.push({ writer: actor, time });
    else if (isSubscribed) received.push({ writer: actor, time });
  }
  const seen = [...cached, ...received.filter((item) => item.time > cutoff)];
  return [0, 1].filter((writer) => !seen.some((item) => item.writer === writer));
}

it.each([
  ['a strict clock', 300, (step: number) => step],
  ['a clock so coarse that all stamps tie', 520, () => 0],
])('the published cutoff by timestamp loses an item, with %s, in %i of 1,680 schedules', (_clock, losses, clock) => {
  const all = [...schedules([3, 3, 3])].length;
  let lost = 0;
  for (const schedule of schedules([3, 3, 3])) if (lostIn(schedule, clock).length > 0) lost++;
  expect(all).toBe(1680);
  expect(lost).toBe(losses);
});
