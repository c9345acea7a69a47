import { SECONDS } from '../feed/samples.ts';

/** In units of the SVG. */
const [WIDTH, HEIGHT] = [240, 44];

interface ChartProps {
  readonly kind: 'bars' | 'line';
  readonly values: readonly number[];
  readonly label: string;
}

/** A small chart of the last two minutes, newest at the right edge. */
export function Chart({ kind, values, label }: ChartProps) {
  const highest = Math.max(1, ...values);
  // Bars start at zero. A line starts at the lowest value, to show small movements.
  const lowest = kind === 'line' ? Math.min(...values, highest) : 0;
  const x = (index: number): number => WIDTH - ((values.length - index) * WIDTH) / SECONDS;
  const y = (value: number): number =>
    kind === 'line' && highest === lowest
      ? HEIGHT / 2
      : HEIGHT - 2 - ((value - lowest) / (highest - lowest)) * (HEIGHT - 6);
  return (
    <svg
      className={`chart ${kind}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path className="axis" d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
      {kind === 'bars' ? (
        <path className="mass" d={values.map((value, i) => `M${x(i)} ${HEIGHT}V${y(value)}h1.4V${HEIGHT}z`).join('')} />
      ) : (
        values.length > 0 && (
          <path className="stroke" d={`M${values.map((value, i) => `${x(i)} ${y(value)}`).join('L')}`} />
        )
      )}
    </svg>
  );
}
