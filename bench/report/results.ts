/** Holds all figures of a run and computes medians. */
import type { PeerName } from '../load/peers.ts';
import { median } from '../quantile.ts';
import type { Figure, InterestPart } from '../rows/row.ts';

export class Results {
  readonly #figures: Figure[] = [];

  add(figures: readonly Figure[]): void {
    this.#figures.push(...figures);
  }

  of(row: Figure['row'], peer: PeerName): Figure[] {
    return this.#figures.filter((figure) => figure.row === row && figure.peer === peer);
  }

  /** The numbers of subscribers that a part was measured with, ascending. */
  counts(part: InterestPart): number[] {
    const counts = this.#figures.flatMap(({ row }) =>
      row.startsWith(`${part}: `) ? Number.parseInt(row.slice(part.length + 2), 10) : [],
    );
    return [...new Set(counts)].toSorted((a, b) => a - b);
  }

  /** Undefined when nothing was measured. */
  median(row: Figure['row'], peer: PeerName): number | undefined {
    return median(this.of(row, peer).map(({ value }) => value));
  }

  /** Medians of the share of time that the cores of server and load client were busy. */
  busy(row: Figure['row'], peer: PeerName): { server: number; load: number } | undefined {
    const measures = this.of(row, peer).flatMap(({ measure }) => measure ?? []);
    const server = median(measures.map(({ serverShare }) => serverShare));
    const load = median(measures.map(({ loadShare }) => loadShare));
    return server === undefined || load === undefined ? undefined : { server, load };
  }
}
