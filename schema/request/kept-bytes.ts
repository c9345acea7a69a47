/** Estimates of the memory that a client's texts take, in bytes. They need not be exact, but nothing may take many times as much. */
import type { DocumentNode } from 'graphql';
import type { ItemFilter } from '../../src/core/input/item-filter.ts';
import type { Condition } from '../../src/core/input/where/condition.ts';

/** A token and its share of the document's nodes. */
const TOKEN_BYTES = 300;
/** A condition with its lists, its share of the compiled predicate, and its place in an index. */
const CONDITION_BYTES = 400;
/** Of an object, an array or a string, without its content. */
const VALUE_BYTES = 40;

/** A parsed document keeps its source and all tokens. */
export function documentBytes({ loc }: DocumentNode): number {
  let tokens = 0;
  for (let token = loc?.startToken; token; token = token.next ?? undefined) tokens++;
  return VALUE_BYTES + textBytes(loc?.source.body ?? '') + tokens * TOKEN_BYTES;
}

export function filterBytes({ keys, prefix, where }: ItemFilter): number {
  let bytes = VALUE_BYTES + textBytes(prefix);
  for (const key of keys ?? []) bytes += VALUE_BYTES + textBytes(key);
  return where ? bytes + conditionBytes(where.condition) : bytes;
}

/** Each condition has its own name, which holds the names of those in it. They are nested a few levels at most. */
function conditionBytes(condition: Condition): number {
  const bytes = CONDITION_BYTES + textBytes(condition.name);
  if (condition.kind === 'some') {
    const { text, steps } = condition.pointer;
    return bytes + conditionBytes(condition.of) + textBytes(text) + 2 * valueBytes(steps);
  }
  if (!('pointer' in condition)) {
    const parts = condition.kind === 'not' ? [condition.of] : condition.of;
    return parts.reduce((sum, part) => sum + conditionBytes(part), bytes);
  }
  const { text, steps } = condition.pointer;
  // The predicate has its own set of the operands.
  return bytes + 2 * valueBytes(condition.operand) + textBytes(text) + 2 * valueBytes(steps);
}

/** A parsed JSON value. */
export function valueBytes(value: unknown): number {
  let bytes = 0;
  // Not recursive, because a value may be nested deeply.
  const rest = [value];
  while (rest.length > 0) {
    const next = rest.pop();
    if (typeof next === 'string') bytes += textBytes(next);
    else bytes += VALUE_BYTES;
    if (typeof next !== 'object' || next === null) continue;
    for (const name in next) {
      if (!Array.isArray(next)) bytes += textBytes(name);
      rest.push((next as Record<string, unknown>)[name]);
    }
  }
  return bytes;
}

/** One byte a character, or two where the text has any beyond Latin-1. */
const textBytes = (text: string): number => VALUE_BYTES + text.length;
