import type { Feed } from './feed.ts';
import { Notifier } from '../server/notifier.ts';

/** The seconds that the charts cover. */
export const SECONDS = 120;

export interface Series {
  /** Changes in each second, oldest first. */
  readonly rates: readonly number[];
  /** The number of items at the end of each second. */
  readonly sizes: readonly number[];
}

/** Samples the rate of changes and the size of the map once a second. */
export class Samples {
  readonly changed = new Notifier();
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
