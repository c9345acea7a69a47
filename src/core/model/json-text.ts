/** JSON that holds texts which are JSON already, so that a stored value is copied and never parsed. */
import { types } from 'node:util';
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

/** `JSON.stringify` of a result, which may hold `JsonText`s: as fast as the native one, faster than its pieces, and recursive. */
export function resultText(result: unknown): string {
  return textOf(result, '', new Map()) ?? '';
}

/** `names`: the texts of the members' names, which the items of a result share. Undefined for a value that JSON omits. */
function textOf(value: unknown, name: string | number, names: Map<string, string>): string | undefined {
  if (typeof value === 'string') return quoted(value);
  if (value instanceof JsonText) return value.text;
  const plain = withoutToJSON(value, name);
  if (isOmitted(plain)) return undefined;
  if (typeof plain !== 'object' || plain === null || !hasMembers(plain)) return JSON.stringify(plain);
  if (Array.isArray(plain)) {
    let text = '[';
    for (let at = 0; at < plain.length; at++) text += `${at === 0 ? '' : ','}${textOf(plain[at], at, names) ?? 'null'}`;
    return `${text}]`;
  }
  let text = '';
  for (const member of Object.keys(plain)) {
    const json = textOf((plain as Begun['members'])[member], member, names);
    if (json === undefined) continue;
    let head = names.get(member);
    if (head === undefined) names.set(member, (head = `${JSON.stringify(member)}:`));
    text += `${text === '' ? '' : ','}${head}${json}`;
  }
  return `{${text}}`;
}

const MAX_SHORT = 100;
const WITHOUT_ESCAPES = /^[ !#-[\]-~]*$/;

/** `JSON.stringify` of a string. Most are names, keys and cursors, whose text is the string itself: that is faster found by a look. */
export function quoted(text: string): string {
  return text.length <= MAX_SHORT && WITHOUT_ESCAPES.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** Of a piece, in characters. */
const PIECE = 64 * 1024;

/** An array or an object that has been begun. */
interface Begun {
  readonly members: Readonly<Record<string, unknown>>;
  /** Of an object; undefined for an array. */
  readonly names: readonly string[] | undefined;
  readonly length: number;
  at: number;
  isEmpty: boolean;
}

/**
 * The text of `JSON.stringify`, made piece by piece: no more of it than one piece and one value exists at a time. `JsonText`s are copied. The
 * value must not change until the last piece is made, and must not contain itself.
 */
export function* jsonPieces(value: unknown, size: number = PIECE): Generator<string, void, void> {
  const open: Begun[] = [];
  const top = withoutToJSON(value, '');
  let text = isOmitted(top) ? '' : begin(top, open);
  for (let innermost = open.at(-1); innermost; innermost = open.at(-1)) {
    text += next(innermost, open);
    for (let end = pieceEnd(text, size); end > 0; end = pieceEnd(text, size)) {
      yield text.slice(0, end);
      text = text.slice(end);
    }
  }
  if (text !== '') yield text;
}

/** The text of the next member, or the end. */
function next(begun: Begun, open: Begun[]): string {
  const { members, names, at } = begun;
  if (at === begun.length) {
    open.pop();
    return names ? '}' : ']';
  }
  begun.at++;
  const name = names?.[at] ?? String(at);
  const member = withoutToJSON(members[name], name);
  if (names && isOmitted(member)) return '';
  const comma = begun.isEmpty ? '' : ',';
  begun.isEmpty = false;
  if (names) return `${comma}${JSON.stringify(name)}:${begin(member, open)}`;
  return comma + (isOmitted(member) ? 'null' : begin(member, open));
}

/** The whole text of a value without members, or the first character of another one. */
function begin(value: unknown, open: Begun[]): string {
  if (value instanceof JsonText) return value.text;
  if (typeof value !== 'object' || value === null || !hasMembers(value)) return JSON.stringify(value);
  const isArray = Array.isArray(value);
  const members = value as Begun['members'];
  const names = isArray ? undefined : Object.keys(value);
  const { length } = names ?? (value as unknown[]);
  open.push({ members, names, length, at: 0, isEmpty: true });
  return isArray ? '[' : '{';
}

function withoutToJSON(value: unknown, name: string | number): unknown {
  if (value === null || (typeof value !== 'object' && typeof value !== 'bigint')) return value;
  if (value instanceof JsonText) return value;
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === 'function' ? (toJSON as (name: string) => unknown).call(value, String(name)) : value;
}

/** JSON has no such value: an object omits it, an array has null in its place. */
function isOmitted(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol';
}

const { isBooleanObject, isNumberObject, isStringObject } = types;

/** Not those of `JSON.rawJSON`, and not numbers, strings and booleans that are objects. */
function hasMembers(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return true;
  if (prototype === null) return !(Object.isFrozen(value) && 'rawJSON' in value);
  return !isNumberObject(value) && !isStringObject(value) && !isBooleanObject(value);
}

/** Where the text's first piece ends: never between the halves of a character. 0: the text is too short for a piece. */
function pieceEnd(text: string, size: number): number {
  if (text.length <= size) return 0;
  const last = text.charCodeAt(size - 1);
  return last >= 0xd800 && last < 0xdc00 ? size + 1 : size;
}
