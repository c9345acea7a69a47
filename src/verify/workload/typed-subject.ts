/** A typed collection as the checker sees it: the key field is the key, and the other fields that were inserted are the value. */
import type { DescribedCollection } from '../../described/described-collection.ts';
import { keyVariable, shapeOf } from '../../described/item-shape.ts';
import type { WriteInput } from '../check/history.ts';
import type { ValueFilter } from '../check/value-filter.ts';
import { itemSubject, type Subject, subjectDocuments, textKeys } from './subject.ts';
import { TypedValues } from './typed-values.ts';

/** @throws Error when no values can be made for the collection */
export function subjectOf(collection: DescribedCollection, runId: string): Subject {
  return collection.isItem ? itemSubject(collection, runId) : typedSubject(collection, runId);
}

function typedSubject(collection: DescribedCollection, runId: string): Subject {
  const { key } = collection.names;
  const values = new TypedValues(collection);
  const shape = shapeOf(collection);
  const inputOf = ({ key: text, value }: WriteInput): object => ({
    // A call that inserts has a value, made by `values`.
    ...(JSON.parse(value ?? '{}') as object),
    [key.name]: keyVariable(collection, text),
  });
  return {
    ...(key.type === 'Int' ? numberKeys(runId) : textKeys(runId)),
    documents: subjectDocuments(collection),
    keyVariable: (text) => keyVariable(collection, text),
    entryOf: (item) => {
      const { key: text, value, cursor, timestamp } = shape(item);
      return { key: text, value: values.textOf(value as object), cursor, timestamp };
    },
    madeValue: (dice, id) => values.made(dice, id),
    plainValue: (n) => values.plain(n),
    whereFilter: (dice) => dice.pick(values.whereKinds)(dice),
    whereKinds: values.whereKinds,
    filterVariable: (filter) => filter && { ...filter, ...(filter.where && { where: conditionsOf(filter.where) }) },
    insertOneVariables: (input) => {
      const { idempotencyKey, ifAbsent, ifCursor } = input;
      return { input: inputOf(input), idempotencyKey, ifAbsent, ifCursor };
    },
    // Repeats of a batch have the same inputs, so the first one's key serves all of them.
    insertManyVariables: (inputs) => ({
      inputs: inputs.map(inputOf),
      idempotencyKey: inputs[0]?.idempotencyKey,
    }),
  };
}

/** The filter in the form of the collection's `…Where`. `path` is the name of a field, after a slash. */
function conditionsOf({ path, and, or, not, exists, ...conditions }: ValueFilter): object {
  const own = { ...conditions, ...(exists !== undefined && { isNull: !exists }) };
  return {
    ...(path !== undefined && { [path.slice(1)]: own }),
    ...(and && { and: and.map(conditionsOf) }),
    ...(or && { or: or.map(conditionsOf) }),
    ...(not && { not: conditionsOf(not) }),
  };
}

/** Keys that are numbers of 32 bits, known by their decimal text: -1, three digits of the run, two of the round, and four of the key. */
function numberKeys(runId: string): Pick<Subject, 'runId' | 'runPrefix' | 'roundKeys'> {
  const digits = (n: number, length: number): string => String(n % 10 ** length).padStart(length, '0');
  const runPrefix = `-1${digits(Number.parseInt(runId, 16), 3)}`;
  return {
    runId,
    runPrefix,
    roundKeys: (number, { keys, stillKeys }) => {
      const prefix = `${runPrefix}${digits(number, 2)}`;
      return {
        prefix,
        keys: Array.from({ length: keys }, (_, n) => `${prefix}${digits(n, 4)}`),
        stem: `${prefix}00`,
        stillKeys: Array.from({ length: stillKeys }, (_, n) => `${prefix}${digits(n + 5000, 4)}`),
      };
    },
  };
}
