/** The progress of several logs in one: each counts by the bytes that it loads. */
import { listSnapshots, segmentsAfterSnapshot, sizeOf } from '../../logs/file/disk/names.ts';

type OnLoading = (share: number) => void;

/** Makes the `onLoading` of each directory. `report` gets the share of all of them, and 1 when all are loaded. */
export function sharedLoading(
  directories: readonly string[],
  report: OnLoading | undefined,
): (directory: string) => OnLoading | undefined {
  if (!report) return () => undefined;
  const parts = new Map(directories.map((directory) => [directory, { bytes: bytesIn(directory), share: 0 }]));
  const sum = (of: (part: { bytes: number; share: number }) => number): number =>
    [...parts.values()].reduce((total, part) => total + of(part), 0);
  const total = sum(({ bytes }) => bytes);
  return (directory) => (share) => {
    const part = parts.get(directory);
    if (part) part.share = share;
    const isDone = [...parts.values()].every((each) => each.share === 1);
    // Rounding must not make it 1 too soon.
    report(isDone ? 1 : Math.min(0.999, sum(({ bytes, share: own }) => bytes * own) / total));
  };
}

/** At least 1, so that a share can be calculated. */
function bytesIn(directory: string): number {
  try {
    return 1 + sizeOf([...listSnapshots(directory).slice(-1), ...segmentsAfterSnapshot(directory)]);
  } catch {
    // It does not exist yet, or its log reports what is wrong.
    return 1;
  }
}
