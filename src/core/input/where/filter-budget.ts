/**
 * Bounds and problems of one filter while it is read. Reading stops soon after a bound is exceeded, however large the filter is. This folder
 * uses nothing of Node, because the console checks filters in the browser.
 */
import type { Issue } from '../../model/errors.ts';
import { UnkeptNumber } from '../../model/unkept-number.ts';
import { quotedShort } from './json-pointer.ts';

type Path = Issue['path'];

/** Members of all filters in a filter, but for `path`. */
export const MAX_OPERATORS = 64;
/** Filters in filters in the outermost filter. */
export const MAX_FILTER_LEVELS = 8;
/** Elements of all `in` and `notIn`. */
export const MAX_ELEMENTS = 1000;
/** Of the filter's JSON in UTF-8, without white space. */
export const MAX_FILTER_BYTES = 65_536;
/** Of an operand, as of an item's value. */
const MAX_OPERAND_LEVELS = 64;
/** More would help nobody. */
const MAX_ISSUES = 20;

export class FilterBudget {
  readonly issues: Issue[] = [];
  /** The outermost filter. */
  private readonly root: Path;
  private bytes = 0;
  private operators = 0;
  private elements = 0;
  private isExceeded = false;

  constructor(root: Path) {
    this.root = root;
  }

  /** Nothing more needs to be read. */
  get isSpent(): boolean {
    return this.isExceeded || this.issues.length >= MAX_ISSUES;
  }

  refuse(path: Path, message: string): void {
    if (!this.isSpent) this.issues.push({ path: [...path], message });
  }

  private exceed(path: Path, message: string): void {
    this.refuse(path, message);
    this.isExceeded = true;
  }

  spendBytes(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > MAX_FILTER_BYTES)
      this.exceed(
        this.root,
        `must have at most ${MAX_FILTER_BYTES} bytes of JSON, has more: use fewer or shorter values`,
      );
  }

  /** The bytes of a name or a string, with its quotes. */
  spendText(text: string): void {
    // A text has at least a byte for each unit, so a long text is not read.
    this.spendBytes(text.length > MAX_FILTER_BYTES ? text.length : utf8Length(JSON.stringify(text)));
  }

  spendOperator(path: Path): void {
    if (++this.operators > MAX_OPERATORS)
      this.exceed(
        path,
        `must be among the first ${MAX_OPERATORS} operators of the filter: use fewer, or "in" for many values`,
      );
  }

  spendElements(path: Path, count: number): void {
    this.elements += count;
    if (this.elements > MAX_ELEMENTS)
      this.exceed(
        path,
        `must have at most ${MAX_ELEMENTS} elements together with every other "in" and "notIn", has ${this.elements}: use fewer`,
      );
  }

  /** A frozen copy of an operand, without undefined members. Undefined, with an issue, for what no item can hold. */
  operand(value: unknown, path: Path, levels: number = MAX_OPERAND_LEVELS): unknown {
    if (this.isSpent) return undefined;
    switch (typeof value) {
      case 'string':
        if (!value.isWellFormed()) return this.refuse(path, 'must be well-formed Unicode: it has a lone surrogate');
        this.spendText(value);
        return value;
      case 'boolean':
        this.spendBytes(value ? 4 : 5);
        return value;
      case 'number':
        if (!Number.isFinite(value)) return this.refuse(path, `must be JSON, got ${value}: use a finite number`);
        this.spendBytes(String(value).length);
        return value;
      case 'object':
        return value === null ? this.nothing() : this.compound(value, path, levels);
      case 'bigint':
      case 'function':
      case 'symbol':
      case 'undefined':
        return this.refuse(path, `must be JSON, got ${typeof value}: use a string, number, boolean, array or object`);
    }
  }

  private nothing(): null {
    this.spendBytes(4);
    return null;
  }

  private compound(value: object, path: Path, levels: number): unknown {
    if (value instanceof UnkeptNumber)
      return this.refuse(path, `must not be ${value.source}: no double holds it exactly, and no item has it`);
    if (levels === 0)
      return this.refuse(this.root, `must not have operands nested deeper than ${MAX_OPERAND_LEVELS} levels`);
    this.spendBytes(2);
    if (Array.isArray(value)) {
      const elements: unknown[] = [];
      for (let index = 0; index < value.length && !this.isSpent; index++) {
        this.spendBytes(1);
        elements.push(this.operand(value[index], [...path, index], levels - 1));
      }
      return Object.freeze(elements);
    }
    if (!isPlainObject(value)) return this.refuse(path, `must be JSON, got ${shown(value)}: use a plain object`);
    const members: [string, unknown][] = [];
    for (const name of Object.keys(value)) {
      const member = value[name];
      if (member === undefined) continue;
      // Checked before the name enters a path, because clients get the path.
      if (!name.isWellFormed())
        return this.refuse(path, 'must have names of well-formed Unicode: one has a lone surrogate');
      this.spendText(name);
      this.spendBytes(2);
      if (this.isSpent) return undefined;
      members.push([name, this.operand(member, [...path, name], levels - 1)]);
    }
    // `fromEntries` defines members; an assignment would treat `__proto__` specially.
    return Object.freeze(Object.fromEntries(members));
  }
}

/** Missing in TypeScript's library. */
const isRawJson = (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON;

/** Not an array, and not an instance of a class. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || (prototype === null && !isRawJson(value));
}

/** A value in an error: short, and never an object's content. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return quotedShort(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (value instanceof UnkeptNumber) return value.source;
  return typeof value === 'object' ? 'an object' : typeof value;
}

const ENCODER = new TextEncoder();

const utf8Length = (text: string): number => ENCODER.encode(text).byteLength;
