/** Detects growing memory. */
export interface Sample {
  readonly atSeconds: number;
  /** In MB. */
  readonly resident: number;
  readonly heap: number;
}

type Name = 'resident' | 'heap';

/** The slope of the least-squares line, in MB per minute. */
export function slopePerMinute(samples: readonly Sample[], name: Name): number {
  const mean = (read: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + read(sample), 0) / samples.length;
  const [atMean, mbMean] = [mean(({ atSeconds }) => atSeconds), mean((sample) => sample[name])];
  const covariance = mean((sample) => (sample.atSeconds - atMean) * (sample[name] - mbMean));
  return (60 * covariance) / mean(({ atSeconds }) => (atSeconds - atMean) ** 2);
}

/** Smaller growth is normal between garbage collections. The longer the soak, the smaller the leak that it finds. */
const LEAST_GROWTH_MB = 32;
const LEAST_SHARE = 0.1;

/** Whether the fitted line over the whole time grows by more than the thresholds. */
export function grows(samples: readonly Sample[], name: Name): boolean {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return false;
  const growth = (slopePerMinute(samples, name) * (last.atSeconds - first.atSeconds)) / 60;
  const mean = samples.reduce((sum, sample) => sum + sample[name], 0) / samples.length;
  return growth > Math.max(LEAST_GROWTH_MB, LEAST_SHARE * mean);
}
