/** Draws the figures as SVG: a panel for each row, a bar for each server. It follows the reader's colour scheme. */
import { type PeerName, PEERS } from '../load/peers.ts';
import { ROWS, type RowName } from '../rows/row.ts';
import type { Results } from './results.ts';

const PANELS: readonly RowName[] = [
  'eight in flight',
  'one at a time',
  'five thousand',
  'memory',
  'replay',
  'replay to one',
];
const COLUMNS = 2;
const [WIDTH, MARGIN, GAP] = [940, 24, 36];
const PANEL_WIDTH = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS;
/** Heights in a panel: title and unit, then a line for each bar. */
const [TITLE_HEIGHT, LINE_HEIGHT, BAR_HEIGHT, PANEL_GAP] = [50, 22, 14, 26];
const [LABEL_WIDTH, VALUE_WIDTH] = [150, 52];
const BARS_WIDTH = PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH;
const SHORT_TITLES: Partial<Record<PeerName, string>> = { 'graphql-ws': 'graphql-subscriptions' };

const STYLE = `
  svg { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; }
  .paper { fill: #ffffff; } .title { font-weight: 600; fill: #1f2328; } .unit { font-size: 12px; fill: #59636e; }
  .peer, .value { fill: #424a53; } .own { font-weight: 600; fill: #1f2328; } .bar { fill: #c3ccd6; } .ownbar { fill: #0f7b6c; }
  .value { font-variant-numeric: tabular-nums; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; } .title { fill: #f0f6fc; } .unit { fill: #9198a1; }
    .peer, .value { fill: #c1c8d1; } .own { fill: #f0f6fc; } .bar { fill: #3d4652; } .ownbar { fill: #2fb8a3; }
  }`;

export function chart(results: Results, peers: readonly PeerName[]): string {
  const panelHeight = TITLE_HEIGHT + peers.length * LINE_HEIGHT + PANEL_GAP;
  const height = 2 * MARGIN + Math.ceil(PANELS.length / COLUMNS) * panelHeight - PANEL_GAP;
  const panels = PANELS.map((name, n) => {
    const [x, y] = [MARGIN + (n % COLUMNS) * (PANEL_WIDTH + GAP), MARGIN + Math.floor(n / COLUMNS) * panelHeight];
    return `<g transform="translate(${x} ${y})">\n${panel(name, results, peers)}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${summary(results)}</title>
<style>${STYLE}
</style>
<rect class="paper" width="${WIDTH}" height="${height}" rx="8"/>
${panels.join('\n')}
</svg>
`;
}

function panel(name: RowName, results: Results, peers: readonly PeerName[]): string {
  const { title, unit, better } = ROWS[name];
  const values = peers.map((peer) => results.median(name, peer) ?? 0);
  const scale = BARS_WIDTH / Math.max(...values, 1e-9);
  const bars = peers.map((peer, n) => {
    const value = values[n] ?? 0;
    const isOwn = peer === 'seamline';
    const [y, length] = [TITLE_HEIGHT + n * LINE_HEIGHT, Math.max(1, value * scale)];
    const label = SHORT_TITLES[peer] ?? PEERS[peer].title;
    return [
      `<text class="peer${isOwn ? ' own' : ''}" x="0" y="${y + 11}">${label}</text>`,
      `<rect class="${isOwn ? 'ownbar' : 'bar'}" x="${LABEL_WIDTH}" y="${y}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`,
      `<text class="value${isOwn ? ' own' : ''}" x="${(LABEL_WIDTH + length + 6).toFixed(1)}" y="${y + 11}">${rounded(value)}</text>`,
    ].join('\n');
  });
  return [
    `<text class="title" x="0" y="14">${title}</text>`,
    `<text class="unit" x="0" y="34">${unit}; ${better === 'more' ? 'more' : 'less'} is better</text>`,
    ...bars,
  ].join('\n');
}

function rounded(value: number): string {
  if (value === 0) return '–';
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2);
}

/** The accessible description of the chart. */
function summary(results: Results): string {
  const parts = PANELS.map((name) => {
    const own = results.median(name, 'seamline') ?? 0;
    const yoga = results.median(name, 'yoga') ?? 0;
    return `${ROWS[name].title}: ${rounded(own)} ${ROWS[name].unit}, naive Yoga ${rounded(yoga)}`;
  });
  return parts.join('; ');
}
