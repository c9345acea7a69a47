/** A small chart of the last two minutes, newest at the right edge. */
const [WIDTH, HEIGHT, SECONDS] = [240, 44, 120];

interface ChartProps {
  readonly kind: 'bars' | 'line';
  readonly values: readonly number[];
  readonly label: string;
}

export function Chart({ kind, values, label }: ChartProps) {
  const most = Math.max(1, ...values);
  // A line shows how the size moves, bars how much there is: only these begin at zero.
  const least = kind === 'line' ? Math.min(...values, most) : 0;
  const x = (index: number): number => WIDTH - ((values.length - index) * WIDTH) / SECONDS;
  const y = (value: number): number =>
    kind === 'line' && most === least ? HEIGHT / 2 : HEIGHT - 2 - ((value - least) / (most - least)) * (HEIGHT - 6);
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
