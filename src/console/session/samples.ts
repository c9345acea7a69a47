import type { Feed } from './feed.ts';
import { Signal } from './signal.ts';

/** Seconds that the charts go back. */
const SECONDS = 120;

export interface Series {
  /** Changes in each second, oldest first. */
  readonly rates: readonly number[];
  /** Items at the end of each. */
  readonly sizes: readonly number[];
}

/** How fast the map changes, and how large it is, a number a second. */
export class Samples {
  readonly changed = new Signal();
  series: Series = { rates: [], sizes: [] };
  readonly #feed: Feed;
  readonly #timer: ReturnType<typeof setInterval>;
  #total = 0;

  constructor(feed: Feed) {
    this.#feed = feed;
    this.#timer = setInterval(() => this.#sample(), 1000);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    if (!this.#feed.view.isLoaded) return;
    const { total, view } = this.#feed;
    const { rates, sizes } = this.series;
    this.series = {
      rates: [...rates, total - this.#total].slice(-SECONDS),
      sizes: [...sizes, view.size].slice(-SECONDS),
    };
    this.#total = total;
    this.changed.notify();
  }
}
