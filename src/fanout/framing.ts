/** How one subscriber's results lie on the wire. */
import { encode, textFrame, type WireText } from './frames.ts';
import type { Passage, Result } from './group.ts';

export interface Framing {
  /** `left`: how many the subscriber may have before these, where there is a limit. */
  text(passage: Passage, left: number | undefined): WireText;
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

  text(passage: Passage, left: number | undefined): WireText {
    const parts = (results: readonly Result[]): WireText =>
      flat(results.map((result, index) => this.#partOf(result, left && left - index - 1)).join(''));
    return left === undefined ? passage.shared(this.#name, parts) : parts(passage.results);
  }
}

const HEAD = '{"id":"';
const TYPE = '","type":"next","payload":';

/**
 * Messages of graphql-transport-ws, in frames. They differ by the subscription's id only, so what lies between the ids is the same for
 * all whose ids are as long: a subscriber's text is one `join`.
 */
export class MessageFraming implements Framing {
  readonly #id: WireText;
  readonly #wanted: Wanted;

  constructor(id: string, wanted: Wanted) {
    this.#id = encode(JSON.stringify(id).slice(1, -1));
    this.#wanted = wanted;
  }

  text(passage: Passage, left: number | undefined): WireText {
    const { length } = this.#id;
    const wanted = this.#wanted;
    if (wanted.cursors && wanted.left && left !== undefined)
      return between(
        passage.results.map((result, index) => jsonOf(result, wanted, left - index - 1)),
        length,
      ).join(this.#id);
    const form = wanted.cursors ? -length : length;
    const pieces = passage.shared(form, (results) =>
      between(
        results.map((result) => jsonOf(result, wanted)),
        length,
      ),
    );
    return pieces.join(this.#id);
  }
}

/** What lies before, between and behind the ids of so many bytes. */
function between(payloads: readonly WireText[], idLength: number): WireText[] {
  const pieces = [''];
  for (const payload of payloads) {
    const frame = textFrame(HEAD.length + idLength + TYPE.length + payload.length + 1);
    pieces[pieces.length - 1] = flat(`${pieces.at(-1)}${frame}${HEAD}`);
    pieces.push(`${TYPE}${payload}}`);
  }
  return pieces.map(flat);
}

/** A string that lies in one piece: V8 makes it so for a regular expression. */
function flat(text: WireText): WireText {
  NOTHING.test(text);
  return text;
}

const NOTHING = /^\b$/;
