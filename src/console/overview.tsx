import type { ReactNode } from 'react';
import { useQuery } from 'urql';
import { Chart } from './chart.tsx';
import { STREAM } from './documents.ts';
import { counted, number } from './format.ts';
import { useSeries, useView } from './use-session.ts';

export function Overview() {
  const { isLoaded, size, head, checksum, there, since } = useView();
  const [{ data }] = useQuery({ query: STREAM, variables: {} });
  const stream = data?.stream;
  return (
    <section className="overview" aria-label="Overview">
      <Figure name="Items" value={isLoaded ? number(size) : '…'}>
        {stream ? `on ${stream.engine}, ${number(stream.window)} changes kept` : ''}
      </Figure>
      <Figure name="The seam" value={isLoaded ? `${number(there)} + ${number(since)}` : '…'}>
        {isLoaded && `${number(there)} were there · ${number(since)} ${since === 1 ? 'has' : 'have'} changed since`}
      </Figure>
      <Figure name="Head" value={head ? <code title={head}>{head.split('-').slice(1).join('-')}</code> : '…'}>
        {checksum ? (
          <>
            checksum <code>{checksum}</code>, equal here and there
          </>
        ) : (
          isLoaded && 'no checksum for this token'
        )}
      </Figure>
      <Charts />
    </section>
  );
}

/** Apart: it is rendered each second, and nothing else. */
function Charts() {
  const { rates, sizes } = useSeries();
  const rate = rates.at(-1) ?? 0;
  return (
    <>
      <Figure name="Changes a second" value={number(rate)}>
        <Chart kind="bars" values={rates} label={`Changes a second, for two minutes: now ${rate}`} />
      </Figure>
      <Figure name="Size over time" value="">
        <Chart kind="line" values={sizes} label={`Items, for two minutes: now ${counted(sizes.at(-1) ?? 0, 'item')}`} />
      </Figure>
    </>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: ReactNode;
  readonly children?: ReactNode;
}

function Figure({ name, value, children }: FigureProps) {
  return (
    <div className="figure">
      <h2>{name}</h2>
      {value !== '' && <p className="value">{value}</p>}
      <div className="note">{children}</div>
    </div>
  );
}
