/** Random valid subscriptions of any shape: the selection, its spelling and its arguments are random. */
import type { Dice } from './dice.ts';
import type { Asked } from '../clients/readers.ts';

export type Chooser = Pick<Dice, 'below' | 'once' | 'pick'>;

/** Fields by type, with the type of their values. */
const FIELDS = {
  Item: { id: null, key: null, value: null, timestamp: null, expiresAt: null, cursor: null, __typename: null },
  RemovedItem: { key: null, reason: null, timestamp: null, cursor: null, __typename: null },
  ItemChanges: {
    reset: null,
    caughtUp: null,
    cursor: null,
    size: null,
    checksum: null,
    upserted: 'Item',
    removed: 'RemovedItem',
    __typename: null,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string | null>>>>;

type TypeName = keyof typeof FIELDS;

/** Selections with equal response names must be the same field, so each field has a response name of its own. */
const ODD_ALIASES: Readonly<Record<string, string>> = {
  cursor: '__proto__',
  timestamp: 'constructor',
  key: 'toString',
  __typename: 'hasOwnProperty',
};

const CONDITIONS = {
  b0: { type: 'Boolean!', byDefault: undefined },
  b1: { type: 'Boolean!', byDefault: true },
  b2: { type: 'Boolean', byDefault: false },
  toString: { type: 'Boolean!', byDefault: true },
} as const;

type Condition = keyof typeof CONDITIONS;

const MAX_DEPTH = 4;
/** Below the server's limits of a document. */
const MAX_FIELDS = 60;

class Writer {
  readonly #chooser: Chooser;
  readonly fragments: { readonly on: TypeName | 'Subscription'; readonly name: string; readonly body: string }[] = [];
  readonly conditions = new Set<Condition>();
  #fields = 0;

  constructor(chooser: Chooser) {
    this.#chooser = chooser;
  }

  selection(type: TypeName, depth = 0, base: readonly string[] = []): string {
    const made = Array.from({ length: 1 + this.#chooser.below(depth === 0 ? 6 : 3) }, () =>
      this.#selected(type, depth),
    );
    // Among the others, because the order of the selection is that of the result.
    made.splice(this.#chooser.below(made.length + 1), 0, ...base);
    return `{ ${made.join(' ')} }`;
  }

  fragment(on: TypeName | 'Subscription', body: string): string {
    const name = `${this.#chooser.pick(['F', 'constructor', 'Item'])}${this.fragments.length}`;
    this.fragments.push({ on, name, body });
    return name;
  }

  #selected(type: TypeName, depth: number): string {
    const kind = depth === MAX_DEPTH || this.#fields > MAX_FIELDS ? 0 : this.#chooser.below(8);
    if (kind === 5) return `... on ${type}${this.#directives()} ${this.selection(type, depth + 1)}`;
    if (kind === 6) return `...${this.#directives()} ${this.selection(type, depth + 1)}`;
    if (kind === 7) return `...${this.#fragmentOf(type, depth)}${this.#directives()}`;
    return this.#field(type, depth);
  }

  #fragmentOf(type: TypeName, depth: number): string {
    const there = this.fragments.filter(({ on }) => on === type);
    if (there.length > 0 && this.#chooser.once(2)) return this.#chooser.pick(there).name;
    return this.fragment(type, this.selection(type, depth + 1));
  }

  #field(type: TypeName, depth: number): string {
    const fields: Readonly<Record<string, string | null>> = FIELDS[type];
    const name = this.#fields++ > MAX_FIELDS ? '__typename' : this.#chooser.pick(Object.keys(fields));
    const of = fields[name] as TypeName | null;
    // A list has a second name only where the base gives it one: all names of one field are limited together.
    const names = of === null ? [`${name}_1: `, `${name}_2: `, `${ODD_ALIASES[name] ?? name}: `] : [`${name}: `];
    const alias = this.#chooser.pick(['', '', ...names]);
    return `${alias}${name}${this.#directives()}${of === null ? '' : ` ${this.selection(of, depth + 1)}`}`;
  }

  #directives(): string {
    if (!this.#chooser.once(4)) return '';
    const one = (name: string): string => ` @${name}(if: ${this.#condition()})`;
    if (this.#chooser.once(4)) return one('skip') + one('include');
    return one(this.#chooser.pick(['skip', 'include']));
  }

  #condition(): string {
    const condition = this.#chooser.pick(['true', 'false', ...(Object.keys(CONDITIONS) as Condition[])] as const);
    if (condition === 'true' || condition === 'false') return condition;
    this.conditions.add(condition);
    return `$${condition}`;
  }
}

/** The arguments. */
export interface Terms {
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
  readonly filter?: { readonly keys?: readonly string[]; readonly keyPrefix?: string } | undefined;
  readonly onLag?: 'CONFLATE' | 'FAIL' | undefined;
}

const VARIABLE_TYPES = { limit: 'Int', after: 'String', filter: 'ItemFilter', onLag: 'OnLag! = CONFLATE' } as const;

/** As a GraphQL literal: names are not quoted. */
function literal(value: unknown, name: string): string {
  if (name === 'onLag') return String(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([member, inner]) => `${member}: ${JSON.stringify(inner)}`)
    .join(', ')} }`;
}

interface Made extends Asked {
  readonly variables: Record<string, unknown>;
}

function made(
  chooser: Chooser,
  field: 'items' | 'itemChanges',
  terms: Terms,
  write: (writer: Writer) => readonly string[],
): Made {
  const writer = new Writer(chooser);
  const variables: Record<string, unknown> = {};
  const extensions: Record<string, unknown> = {};
  const definitions: string[] = [];
  const args: string[] = [];
  for (const [name, value] of Object.entries(terms)) {
    if (value === undefined) continue;
    const way = chooser.below(name === 'limit' || name === 'after' ? 3 : 2);
    if (way === 0) args.push(`${name}: ${literal(value, name)}`);
    else if (way === 1) {
      args.push(`${name}: $${name}`);
      definitions.push(`$${name}: ${VARIABLE_TYPES[name as keyof Terms]}`);
      variables[name] = value;
    } else extensions[name] = value;
  }
  const called = args.length > 0 ? `${field}(${args.join(', ')})` : field;
  const alias = chooser.pick(['', '', 'items: ', 'other: ', '__proto__: ']);
  // Once, or twice under the same name.
  const roots = write(writer).map((selection) => `${alias}${called} ${selection}`);
  const body = chooser.pick([
    () => roots.join(' '),
    () => `... ${chooser.pick(['', 'on Subscription '])}{ ${roots.join(' ')} }`,
    () => `...${writer.fragment('Subscription', `{ ${roots.join(' ')} }`)}`,
  ])();
  for (const condition of writer.conditions) {
    const { type, byDefault } = CONDITIONS[condition];
    definitions.push(`$${condition}: ${type}${byDefault === undefined ? '' : ` = ${byDefault}`}`);
    if (byDefault === undefined || chooser.once(2)) variables[condition] = chooser.once(2);
  }
  const defined = definitions.length > 0 ? `(${definitions.join(', ')})` : '';
  const fragments = writer.fragments.map(({ on, name, body: inner }) => `fragment ${name} on ${on} ${inner}`);
  const others = chooser.pick([[], ['query Other { stream { epoch } }'], ['subscription Other { items { key } }']]);
  const operations = [`subscription Main${defined} { ${body} }`, ...others];
  if (chooser.once(2)) operations.reverse();
  if (chooser.once(2)) extensions['cursors'] = chooser.pick([true, true, false]);
  if (chooser.once(2)) extensions['left'] = true;
  return {
    query: [...operations, ...fragments].join('\n'),
    variables,
    ...((others.length > 0 || chooser.once(2)) && { operationName: 'Main' }),
    ...(Object.keys(extensions).length > 0 && { extensions }),
  };
}

export function itemsSubscription(chooser: Chooser, terms: Terms = {}): Made {
  return made(chooser, 'items', terms, (writer) =>
    Array.from({ length: 1 + chooser.below(2) }, () => writer.selection('Item')),
  );
}

/** Also selects everything that a mirror needs, including both lists, each twice. */
export function changesSubscription(chooser: Chooser, terms: Pick<Terms, 'after' | 'filter'> = {}): Made {
  return made(chooser, 'itemChanges', terms, (writer) => [
    writer.selection('ItemChanges', 2, [
      'reset caughtUp cursor size checksum',
      `upserted ${writer.selection('Item', 2, ['key', 'cursor'])}`,
      `again: upserted ${writer.selection('Item', 2)}`,
      `removed ${writer.selection('RemovedItem', 2, ['key'])}`,
      `gone: removed ${writer.selection('RemovedItem', 2)}`,
    ]),
  ]);
}
