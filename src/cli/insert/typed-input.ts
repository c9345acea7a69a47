/** Parses lines into inputs of a typed collection. The server checks the types. */
import { valueIssue } from '../../core/input/insert-input.ts';
import { stringifyJson } from '../../core/model/json.ts';
import type { DescribedCollection } from '../../described/described-collection.ts';
import { about, lifetimeOf, objectIn, type Reading } from './input.ts';
import type { Line } from './lines.ts';

/** Fields that the server adds to an item, and `seamline tail` prints. */
const ADDED = ['__typename', 'id', 'cursor', 'timestamp', 'expiresAt', 'ttl'];

export class TypedLines {
  readonly #key: string;
  readonly #hint: string;
  /** Of a line, but not of its input. A field of the type with such a name belongs to the input. */
  readonly #left: ReadonlySet<string>;

  constructor({ names, inputFields }: DescribedCollection) {
    const fields = inputFields.map(({ name }) => name);
    this.#key = names.key.name;
    this.#hint = `a line is an object with the fields ${fields.join(', ')}`;
    this.#left = new Set(ADDED.filter((name) => !fields.includes(name)));
  }

  read(line: Line, now: number): Reading {
    const given = objectIn(line);
    if ('kind' in given) return given;
    const { fields } = given;
    const hasTtl = this.#left.has('ttl');
    const givenTtl = hasTtl ? (fields['ttl'] ?? null) : null;
    const { expiresAt = null } = fields;
    const { ttl, problem } = lifetimeOf(givenTtl, expiresAt, now);
    if (fields[this.#key] === undefined) return { kind: 'bad', problem: `no ${this.#key}`, hint: this.#hint };
    const issue = valueIssue(fields);
    const wrong = (issue && about(issue.path.join('.'), issue.message)) ?? problem;
    if (wrong !== undefined) return { kind: 'bad', problem: wrong };
    if (typeof ttl === 'number' && ttl <= 0) return { kind: 'expired' };
    const own = Object.entries(fields).filter(([name]) => !this.#left.has(name));
    const json = stringifyJson(Object.fromEntries(own));
    const input = { line: line.number, end: line.end, json, bytes: Buffer.byteLength(json) };
    return { kind: 'input', input: typeof ttl === 'number' ? { ...input, ttl } : input };
  }
}
