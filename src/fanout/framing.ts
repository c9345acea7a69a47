/** How one subscriber's results lie on the wire. */
import { encode, textFrame, type WireText } from './frames.ts';
import type { RenderedPage, Result } from './group.ts';

export interface Framing {
  /** `left`: how many the subscriber may have before these, where there is a limit. */
  text(page: RenderedPage, left: number | undefined): WireText;
}

/** What each result bears in its `extensions`. */
export interface Wanted {
  readonly cursors: boolean;
  /** With `cursors`: how many of the limit are left. */
  readonly left: boolean;
}

/** A result's JSON, whole. `left`: after it. */
export function jsonOf({ body, cursor }: Result, { cursors, left: isAsked }: Wanted, left?: number): WireText {
  if (!cursors) return `${body}}`;
  const rest = isAsked && left !== undefined ? `,"left":${left}` : '';
  return `${body},"extensions":{"cursor":"${cursor}"${rest}}}`;
}

/** Parts of a response body: the same for all, but where a limit shows. */
export class PartFraming implements Framing {
  readonly #name: string;
  readonly #partOf: (result: Result, left: number | undefined) => WireText;

  /** `name`: the same for the same form. */
  constructor(name: string, partOf: (result: Result, left: number | undefined) => WireText) {
    this.#name = name;
    this.#partOf = partOf;
  }

  text(page: RenderedPage, left: number | undefined): WireText {
    const parts = (results: readonly Result[]): WireText =>
      flat(results.map((result, index) => this.#partOf(result, left && left - index - 1)).join(''));
    return left === undefined ? page.shared(this.#name, parts) : parts(page.results);
  }
}

/**
 * Messages of graphql-transport-ws, in frames. They differ by the subscription's id only, so all whose ids are as long share what lies
 * between the ids; and the whole text with the one before, where clients number their subscriptions.
 */
export class MessageFraming implements Framing {
  readonly #id: WireText;
  readonly #cursors: boolean;
  readonly #left: boolean;

  constructor(id: string, { cursors, left }: Wanted) {
    this.#id = encode(JSON.stringify(id).slice(1, -1));
    this.#cursors = cursors;
    this.#left = cursors && left;
  }

  text(page: RenderedPage, left: number | undefined): WireText {
    const id = this.#id;
    const wanted = { cursors: this.#cursors, left: this.#left };
    if (wanted.left && left !== undefined)
      return page.results.map((result, index) => frameOf(id, jsonOf(result, wanted, left - index - 1))).join('');
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

/** The same results, to ids that are as long as each other. */
class Frames {
  #id: WireText;
  #text: WireText;
  /** Where the ids end. */
  readonly #ends: number[] = [];
  /** What lies between them, once there are two. */
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

/** A string that lies in one piece: V8 makes it so for a regular expression. */
function flat(text: WireText): WireText {
  NOTHING.test(text);
  return text;
}

const NOTHING = /^\b$/;
