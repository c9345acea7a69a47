import type { ReactNode } from 'react';
import { useQuery } from 'urql';
import { Chart } from './chart.tsx';
import { counted, number } from '../server/format.ts';
import { useConnectionState, useSeries, useSession, useView } from '../session/use-session.ts';

export function Overview() {
  const { collection } = useSession();
  const { isLoaded, size, head, atLoad, sinceLoad } = useView();
  const [{ data }] = useQuery({ query: collection.documents.stream, variables: {} });
  const stream = data?.stream;
  return (
    <section className="overview" aria-label="Overview">
      <Figure name="Items" value={isLoaded ? number(size) : '…'} chart={<SizeChart />}>
        {stream && `${stream.engine} log · ${number(stream.window)} changes kept`}
      </Figure>
      <RateFigure />
      <Figure name="Before and after the seam" value={isLoaded ? `${number(atLoad)} + ${number(sinceLoad)}` : '…'}>
        {isLoaded && `${counted(atLoad, 'item')} at load, ${counted(sinceLoad, 'change')} since`}
      </Figure>
      <Figure name="Newest cursor" value={head ? <code title={head}>{head.split('-').slice(1).join('-')}</code> : '…'}>
        {isLoaded && <Comparison />}
      </Figure>
    </section>
  );
}

/** What the page has checked about its copy of the map. */
function Comparison() {
  const { size, isCaughtUp, checksum } = useView();
  const isConnected = useConnectionState() === 'open';
  // The server sends a checksum whenever the page has caught up.
  if (!isCaughtUp || checksum === undefined) return 'loading changes …';
  // Every empty map has the same checksum.
  if (size === 0) return 'no checksum of an empty map';
  return (
    <>
      checksum <code>{checksum}</code>, {isConnected ? 'equal to the server’s' : 'equal before the connection ended'}
    </>
  );
}

/** The two charts are components of their own, because only they are rendered each second. */
function SizeChart() {
  const { sizes } = useSeries();
  return (
    <Chart
      kind="line"
      values={sizes}
      label={`Size in the last two minutes, now ${counted(sizes.at(-1) ?? 0, 'item')}`}
    />
  );
}

function RateFigure() {
  const { rates } = useSeries();
  const [now, highest] = [rates.at(-1) ?? 0, Math.max(0, ...rates)];
  const label = `Changes per second in the last two minutes: ${number(now)} now, at most ${number(highest)}`;
  return (
    <Figure name="Changes per second" value={number(now)} chart={<Chart kind="bars" values={rates} label={label} />}>
      {rates.length > 1 && `at most ${number(highest)} in the last two minutes`}
    </Figure>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: ReactNode;
  readonly chart?: ReactNode;
  readonly children?: ReactNode;
}

function Figure({ name, value, chart, children }: FigureProps) {
  return (
    <div className="figure">
      <h2>{name}</h2>
      <div className="measure">
        <p className="value">{value}</p>
        {chart}
      </div>
      <p className="note">{children}</p>
    </div>
  );
}
