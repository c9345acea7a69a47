/** JSON Pointers (RFC 6901), parsed once and followed often. */
import { isJsonObject } from './json-equality.ts';

/** A parsed pointer. Equal pointers have the same text. */
export interface JsonPointer {
  readonly text: string;
  readonly steps: readonly PointerStep[];
}

/** One reference token: the name of a member, and possibly an array's index. */
export interface PointerStep {
  readonly name: string;
  /** -1: the step leads nowhere in an array. */
  readonly index: number;
}

/** Points to the whole value. */
export const WHOLE: JsonPointer = Object.freeze({ text: '', steps: Object.freeze([]) });

/** An array index has no leading zeros. */
const INDEX = /^(?:0|[1-9]\d*)$/;
const BAD_ESCAPE = /~(?![01])/;

/** Why a text is no pointer. */
export function pointerProblem(text: string): string | undefined {
  if (!text.isWellFormed()) return 'must be well-formed Unicode: it has a lone surrogate';
  if (text !== '' && !text.startsWith('/'))
    return `must be a JSON Pointer, got ${quotedShort(text)}: start it with "/", as in "/status"`;
  if (BAD_ESCAPE.test(text))
    return `must be a JSON Pointer, got ${quotedShort(text)}: write "~" as "~0", and "/" in a name as "~1"`;
  return undefined;
}

/** The parts of a pointer in which `pointerProblem` finds no problem. */
export function parsePointer(text: string): JsonPointer {
  if (text === '') return WHOLE;
  const steps = text.slice(1).split('/').map(stepOf);
  return Object.freeze({ text, steps: Object.freeze(steps) });
}

function stepOf(token: string): PointerStep {
  const name = token.includes('~') ? token.replaceAll(/~[01]/g, (escape) => (escape === '~0' ? '~' : '/')) : token;
  return Object.freeze({ name, index: INDEX.test(name) ? Number(name) : -1 });
}

/** What the pointer leads to. Undefined, which JSON doesn't have: nowhere. */
export function lookup(value: unknown, steps: readonly PointerStep[]): unknown {
  let found = value;
  for (const step of steps) {
    found = memberAt(found, step);
    if (found === undefined) return undefined;
  }
  return found;
}

/** The member or element that one step leads to; only an own one. */
export function memberAt(value: unknown, { name, index }: PointerStep): unknown {
  if (Array.isArray(value)) return index >= 0 && index < value.length ? value[index] : undefined;
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

const MAX_SHOWN = 40;

/** A text in an error: quoted, and short. */
export function quotedShort(text: string): string {
  const short = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return JSON.stringify(short.toWellFormed());
}
