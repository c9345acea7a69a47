/** JSON that holds texts which are JSON already, so that a stored value is copied and never parsed. */

import { exactly } from './json.ts';

/** Stands for a value in a result. The writer below copies the text. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** For `JSON.stringify`, which can't copy a text. */
  toJSON(): unknown {
    return exactly(JSON.parse(this.text));
  }
}

/** `JSON.stringify` of a result, which may hold `JsonText`s. */
export function resultText(result: unknown): string {
  if (result instanceof JsonText) return result.text;
  if (Array.isArray(result)) return `[${result.map((member) => textOf(member) ?? 'null').join(',')}]`;
  if (typeof result !== 'object' || result === null || 'toJSON' in result || !isPlain(result))
    return JSON.stringify(result);
  let text = '';
  for (const [name, member] of Object.entries(result)) {
    const json = textOf(member);
    if (json !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${json}`;
  }
  return `{${text}}`;
}

/** Undefined for a value that JSON omits. */
function textOf(value: unknown): string | undefined {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol'
    ? undefined
    : resultText(value);
}

/** Other objects, such as those of `JSON.rawJSON`, have a form of their own. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || (prototype === null && !Object.isFrozen(value));
}
