import type { Source } from '../core/subscriptions/items.ts';
import { FanOut, type FanOutOptions } from './fan-out.ts';
import { KeptTexts } from './kept-texts.ts';

/** The fan-outs of one schema, one for each map. */
export class FanOuts {
  readonly #options: Omit<FanOutOptions, 'source'>;
  readonly #bySource = new WeakMap<Source<unknown>, FanOut>();

  constructor(options: Omit<FanOutOptions, 'source'>) {
    this.#options = { texts: new KeptTexts(), ...options };
  }

  of(source: Source<unknown>): FanOut {
    let fanOut = this.#bySource.get(source);
    if (!fanOut) this.#bySource.set(source, (fanOut = new FanOut({ ...this.#options, source })));
    return fanOut;
  }
}
