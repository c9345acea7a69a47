/** The JSON of stored leaves, for the renderer. It only knows what is plainly right, and spends what `field-values.ts` spends. */
import { isPlainNumber } from '../../src/core/model/json.ts';
import { quoted } from '../../src/core/model/json-text.ts';
import type { Item } from '../../src/core/model/change.ts';
import type { FieldText } from '../request/extensions.ts';
import type { FieldType } from '../sdl/definition.ts';
import type { Kinds, NamedKind } from './kinds.ts';
import type { LastItem } from './last-item.ts';

type Spending = Parameters<FieldText>[1];
type TextOf<Source> = (source: Source, context: Spending) => string | undefined;

/** How the leaves of one type are rendered. Both return undefined for what is unusual. */
interface Leaf {
  /** From a value that is not null. */
  readonly ofValue: (value: unknown, context: Spending) => string | undefined;
  /** From the text that is stored, without escaped characters. */
  readonly ofStored: (text: string, context: Spending) => string | undefined;
}

/** Renders a leaf of an item, the member with this index of those that `last` reads. Undefined for a list or an object. */
export function itemLeafText(
  kinds: Kinds,
  type: FieldType,
  last: LastItem,
  index: number,
  read: (item: Item<unknown>) => unknown,
): TextOf<Item<unknown>> | undefined {
  const leaf = leafOf(kinds, type);
  if (!leaf) return undefined;
  const absent = type.isNullable ? 'null' : undefined;
  const ofValue = valueText(leaf, type, read);
  return (item, context) => {
    const stored = last.text(item, index);
    if (stored === null) return absent;
    return (stored === undefined ? undefined : leaf.ofStored(stored, context)) ?? ofValue(item, context);
  };
}

/** Renders a leaf whose value `read` finds. Undefined for a list or an object. */
export function memberLeafText(
  kinds: Kinds,
  type: FieldType,
  read: (object: object) => unknown,
): TextOf<object> | undefined {
  const leaf = leafOf(kinds, type);
  return leaf && valueText(leaf, type, read);
}

function valueText<Source>({ ofValue }: Leaf, type: FieldType, read: (source: Source) => unknown): TextOf<Source> {
  const absent = type.isNullable ? 'null' : undefined;
  return (source, context) => {
    const value = read(source);
    return value == null ? absent : ofValue(value, context);
  };
}

function leafOf(kinds: Kinds, type: FieldType): Leaf | undefined {
  return type.kind === 'named' ? leafOfKind(kinds.of(type.name)) : undefined;
}

function leafOfKind(named: NamedKind): Leaf | undefined {
  switch (named.kind) {
    case 'ID':
    case 'String':
      return STRING;
    case 'Int':
      return INT;
    case 'Float':
      return FLOAT;
    case 'Boolean':
      return BOOLEAN;
    case 'enum': {
      const byName = new Map<unknown, string>([...named.names].map((name) => [name, `"${name}"`]));
      const texts = new Set(byName.values());
      return {
        ofValue: (value) => byName.get(value),
        ofStored: (text) => (texts.has(text) ? text : undefined),
      };
    }
    case 'scalar':
      return named.scalar.name === 'DateTime' ? DATE : STRING;
    case 'object':
      return undefined;
  }
}

const STRING: Leaf = {
  ofValue: (value, { budget }) => {
    if (typeof value !== 'string') return undefined;
    budget.spendBytes(value.length);
    return quoted(value);
  },
  ofStored: (text, { budget }) => {
    if (!text.startsWith('"')) return undefined;
    budget.spendBytes(text.length - 2);
    return text;
  },
};

/** So short that no number of 32 bits is longer. */
const SHORT_INT = /^(?:0|-?[1-9]\d{0,8})$/;

const INT: Leaf = {
  ofValue: (value) => (typeof value === 'number' && (value | 0) === value ? String(value) : undefined),
  ofStored: (text) => (SHORT_INT.test(text) ? text : undefined),
};

/** At most 15 digits, which a double holds, without an exponent: as `JSON.stringify` writes the number. */
const SHORT_FLOAT = /^(?:0|-?(?:0(?=\.)|[1-9]\d{0,8})(?:\.\d{0,5}[1-9])?|-?[1-9]\d{9,14})$/;

const FLOAT: Leaf = {
  ofValue: (value) => (typeof value === 'number' && isPlainNumber(value) ? JSON.stringify(value) : undefined),
  ofStored: (text) => (SHORT_FLOAT.test(text) ? text : undefined),
};

const BOOLEAN: Leaf = {
  ofValue: (value) => (typeof value === 'boolean' ? String(value) : undefined),
  ofStored: (text) => (text === 'true' || text === 'false' ? text : undefined),
};

/** A time as it is stored, in quotes. It leaves out the days that some months don't have. */
const STORED_DATE =
  /^"[1-9]\d{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z"$/;

const storedDate = (text: string): string | undefined => (STORED_DATE.test(text) ? text : undefined);

const DATE: Leaf = {
  ofValue: (value) => (typeof value === 'string' ? storedDate(`"${value}"`) : undefined),
  ofStored: storedDate,
};
