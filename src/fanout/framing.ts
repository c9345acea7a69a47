/** The form of one subscriber's results on the wire. */
import { encode, textFrame, type WireText } from './frames.ts';
import type { RenderedPage, Result } from './rendered-page.ts';

export interface Framing {
  /** `remaining`: how many results the limit allows before this page; undefined without a limit. */
  text(page: RenderedPage, remaining: number | undefined): WireText;
}

/** The members of each result's `extensions`. */
export interface Wanted {
  readonly cursors: boolean;
  /** With `cursors`: how many the limit still allows, as `left`. */
  readonly remaining: boolean;
}

/** The whole JSON of a result. `remaining`: how many results the limit allows after it. */
export function jsonOf(
  { body, delivered }: Result,
  { cursors, remaining: isAsked }: Wanted,
  remaining?: number,
): WireText {
  if (!cursors) return `${body}}`;
  const rest = isAsked && remaining !== undefined ? `,"left":${remaining}` : '';
  return `${body},"extensions":{"cursor":"${delivered.cursor}"${rest}}}`;
}

/** Parts of a response body. All subscribers share them, except where a limit shows. `name`: equal for equal forms. */
export function partFraming(
  name: string,
  partOf: (result: Result, remaining: number | undefined) => WireText,
): Framing {
  return {
    text(page, remaining) {
      const parts = (results: readonly Result[]): WireText =>
        flat(results.map((result, index) => partOf(result, remaining && remaining - index - 1)).join(''));
      return remaining === undefined ? page.shared(name, parts) : parts(page.results);
    },
  };
}

/**
 * Messages of graphql-transport-ws in frames. They differ by the subscription's id only, so subscribers whose ids have the same length
 * share the texts between the ids. Subscribers with the same id, as clients that number their subscriptions have, share the whole text.
 */
export class MessageFraming implements Framing {
  readonly #id: WireText;
  readonly #cursors: boolean;
  readonly #remaining: boolean;

  constructor(id: string, { cursors, remaining }: Wanted) {
    this.#id = encode(JSON.stringify(id).slice(1, -1));
    this.#cursors = cursors;
    this.#remaining = cursors && remaining;
  }

  text(page: RenderedPage, remaining: number | undefined): WireText {
    const id = this.#id;
    const wanted = { cursors: this.#cursors, remaining: this.#remaining };
    if (wanted.remaining && remaining !== undefined)
      return page.results.map((result, index) => frameOf(id, jsonOf(result, wanted, remaining - index - 1))).join('');
    const form = wanted.cursors ? -id.length : id.length;
    const frames = page.shared(form, (results) => new Frames(id, results, wanted));
    return frames.to(id);
  }
}

const HEAD = '{"id":"';
const TYPE = '","type":"next","payload":';

function frameOf(id: WireText, payload: WireText): WireText {
  const message = `${HEAD}${id}${TYPE}${payload}}`;
  return textFrame(message.length) + message;
}

/** One page's results, for ids of one length. */
class Frames {
  #id: WireText;
  #text: WireText;
  /** Offsets at which the ids end. */
  readonly #ends: number[] = [];
  /** The texts between the ids, once a second id has come. */
  #pieces: readonly WireText[] | undefined;

  constructor(id: WireText, results: readonly Result[], wanted: Wanted) {
    this.#id = id;
    let text = '';
    for (const result of results) {
      const payload = jsonOf(result, wanted);
      text += frameOf(id, payload);
      this.#ends.push(text.length - TYPE.length - payload.length - 1);
    }
    this.#text = flat(text);
  }

  to(id: WireText): WireText {
    if (id !== this.#id) {
      this.#pieces ??= this.#cut();
      this.#text = this.#pieces.join(id);
      this.#id = id;
    }
    return this.#text;
  }

  #cut(): WireText[] {
    const { length } = this.#id;
    const text = this.#text;
    let end = 0;
    const pieces = this.#ends.map((next) => text.slice(end, (end = next) - length));
    return [...pieces, text.slice(end)];
  }
}

/** The same string in one piece of memory: V8 flattens a string before it runs a regular expression. */
function flat(text: WireText): WireText {
  NOTHING.test(text);
  return text;
}

const NOTHING = /^\b$/;
