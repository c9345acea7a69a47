/** The formula in docs/docker.md, compared with the code and with the memory that the page recommends. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MEMORY, memoryNeeds, tooSmallHeap } from '../../../src/cli/process/memory-needs.ts';
import { DEFAULT_BOUNDS } from '../../../src/core/replication/bootstrap.ts';
import { DEFAULTS } from '../../../src/server/options.ts';
import { rowsOf } from '../../support/tables.ts';

const [KIB, MIB, GIB] = [2 ** 10, 2 ** 20, 2 ** 30];
const UNITS: Readonly<Record<string, number>> = { bytes: 1, KiB: KIB, MiB: MIB };

/** The flags with their defaults. */
const { maxConnections } = DEFAULTS;
const flags = { maps: [DEFAULT_BOUNDS], maxConnections };

const smallMap = { ...DEFAULT_BOUNDS, maxBytes: 64 * MIB };

const VALUES: Readonly<Record<string, number>> = {
  '--max-bytes': DEFAULT_BOUNDS.maxBytes,
  '--max-items': DEFAULT_BOUNDS.maxItems,
  '--window': DEFAULT_BOUNDS.window,
  '--max-connections': maxConnections,
  'further collections': 0,
};

/** Calculates what a row says: `144 MiB`, `5 × --max-bytes`, `500 bytes × (--max-items + --window)`. */
function bytesOf(text: string, values = VALUES): number {
  const [first = '', ...factors] = text.replaceAll('`', '').split(' × ');
  const [count = '', unit = 'bytes'] = first.split(' ');
  const sums = factors.map((factor) =>
    factor
      .replaceAll(/[()]/g, '')
      .split(' + ')
      .reduce((sum, name) => sum + (values[name] ?? Number.NaN), 0),
  );
  return sums.reduce((product, sum) => product * sum, Number(count) * (UNITS[unit] ?? Number.NaN));
}

const rows = rowsOf('docs/docker.md', 'Memory').map(([part = '', text = '']) => ({ part, text }));
const sum = (values = VALUES): number => rows.reduce((total, { text }) => total + bytesOf(text, values), 0);

describe('the memory that docs/docker.md says a server needs', () => {
  it('the rows of the page add up to what the code calculates', () => {
    expect(rows).toHaveLength(8);
    expect(sum()).toBe(memoryNeeds(flags));
    expect(rows.map(({ text }) => bytesOf(text))).toContain(MEMORY.incoming);
  });

  it('the default flags need at most 2 GiB, and 64 MiB of items at most 1 GiB', () => {
    const small = { maps: [smallMap], maxConnections };
    expect(memoryNeeds(flags)).toBeLessThanOrEqual(2 * GIB);
    expect(memoryNeeds(small)).toBeLessThanOrEqual(GIB);
    const page = readFileSync('docs/docker.md', 'utf8');
    const inMib = [flags, small].map((given) => Math.ceil(memoryNeeds(given) / MIB).toLocaleString('en'));
    expect(page).toContain(`${inMib[0]} MiB with the default flags`);
    expect(page).toContain(`${inMib[1]} MiB with \`--max-bytes 67108864\``);
    expect(page).toContain('--memory 2g');
  });

  it('each collection adds the memory of its own map, and a share of the process', () => {
    const several = { maps: [DEFAULT_BOUNDS, smallMap, smallMap], maxConnections };
    const ofMap = ({ maxBytes, maxItems, window }: typeof smallMap): number => 5 * maxBytes + 500 * (maxItems + window);
    const further = 2 * (ofMap(smallMap) + bytesOf('32 MiB'));
    expect(memoryNeeds(several)).toBe(memoryNeeds(flags) + further);
    expect(rows.map(({ text }) => text)).toContain('32 MiB × further collections');
    expect(tooSmallHeap(several, 2 * GIB)).toMatch(
      /and full maps may need \d+ MiB: .* or the maxBytes of collections$/,
    );
  });

  it('the server warns when the heap may not grow to what the map may take', () => {
    expect(tooSmallHeap(flags, 4 * GIB)).toBeUndefined();
    expect(tooSmallHeap(flags, GIB)).toMatch(/^the heap is limited to 1024 MiB, and a full map may need \d+ MiB: set/);
  });

  it('the heap of the image may grow to what the map may take in a container of the recommended size', () => {
    const [, percent] = /max-old-space-size-percentage=(\d+)/.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
    expect(tooSmallHeap(flags, (2 * GIB * Number(percent)) / 100)).toBeUndefined();
    expect(tooSmallHeap({ maps: [smallMap], maxConnections }, (GIB * Number(percent)) / 100)).toBeUndefined();
  });
});
