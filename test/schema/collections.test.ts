/** Collections whose inputs are values, made of parts by hand. */
import { execute, type ExecutionResult, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createBuilder } from '../../schema/collections/builder.ts';
import { addTypedCollection } from '../../schema/collections/collection.ts';
import { AnswerBudget } from '../../schema/request/answer-budget.ts';
import { EVERYBODY } from '../../schema/request/caller.ts';
import type { Context } from '../../schema/request/context.ts';
import type { FastInsertion } from '../../schema/request/fast-insertion.ts';
import { RootReads } from '../../schema/request/root-reads.ts';
import { itemFilterOf } from '../../schema/stream/filter-inputs.ts';
import { sharedTypes } from '../../schema/stream/shared-definitions.ts';
import type { Item } from '../../src/core/model/change.ts';
import { BadInputError } from '../../src/core/model/errors.ts';
import { memoryLog } from '../../src/logs/memory/memory-log.ts';
import { StreamingMap } from '../../src/core/streaming-map.ts';

interface Value {
  readonly code: number;
  readonly text: string;
}

async function twoCollections() {
  const builder = createBuilder();
  const maps = new Map<string, StreamingMap>();
  for (const name of ['Zebra', 'Ant']) {
    const plural = `${name.toLowerCase()}s`;
    maps.set(plural, await StreamingMap.open({ log: memoryLog() }));
    const type = builder.objectRef<Item<Value>>(name).implement({
      fields: (t) => ({ code: t.int({ nullable: false, resolve: ({ value }) => value.code }) }),
    });
    const input = builder.inputType(`${name}Input`, {
      fields: (t) => ({ code: t.int({ required: true }), text: t.string({ required: true }) }),
    });
    const keyedValueOf = (given: unknown) => {
      const value = given as Value;
      if (value.text === 'bad') throw new BadInputError([{ path: ['text'], message: 'is bad' }]);
      return { key: String(value.code), value };
    };
    addTypedCollection(builder, {
      names: { name, singular: name.toLowerCase(), plural, key: { name: 'code', type: 'Int' } },
      // The map was set above.
      mapOf: () => maps.get(plural)!,
      type: type as never,
      filter: sharedTypes(builder).filter,
      filterOf: itemFilterOf,
      input,
      keyedValueOf,
      plainValueOf: keyedValueOf,
    });
  }
  return { schema: builder.toSchema({ sortSchema: false }), maps };
}

type Made = Awaited<ReturnType<typeof twoCollections>>;

/** `mayUse`: the collection of which the caller may read and write. */
function run({ schema }: Made, text: string, mayUse?: string): ExecutionResult | Promise<ExecutionResult> {
  const may = (plural: string): boolean => mayUse === undefined || plural === mayUse;
  const contextValue: Context = {
    caller: { ...EVERYBODY, mayRead: may, mayWrite: may },
    delivery: {},
    reads: new RootReads(),
    budget: new AnswerBudget(),
  };
  return execute({ schema, document: parse(text), contextValue });
}

const errorOf = ({ errors }: ExecutionResult) => ({ message: errors?.[0]?.message, ...errors?.[0]?.extensions });

describe('a collection whose input is its value', () => {
  it('the root fields of collections are in the order in which the collections were added', async () => {
    const { schema } = await twoCollections();
    const { data } = await run(
      { schema, maps: new Map() },
      '{ __schema { queryType { fields { name } } subscriptionType { fields { name } } } }',
    );
    const names = (fields: readonly string[]) => ({ fields: fields.map((name) => ({ name })) });
    expect(data).toEqual({
      __schema: {
        queryType: names(['zebra', 'zebras', 'zebraStream', 'ant', 'ants', 'antStream']),
        subscriptionType: names(['zebras', 'zebraChanges', 'ants', 'antChanges']),
      },
    });
  });

  it('an Int key is the decimal text, in queries and removals', async () => {
    const made = await twoCollections();
    await run(made, 'mutation { insertZebra(input: { code: -5, text: "a" }) { code } }');
    expect(made.maps.get('zebras')?.get('-5')?.value).toEqual({ code: -5, text: 'a' });
    expect((await run(made, '{ zebra(code: -5) { code } ant(code: -5) { code } }')).data).toEqual({
      zebra: { code: -5 },
      ant: null,
    });
    const removed = await run(made, 'mutation { removeZebra(code: -5) { key reason } }');
    expect(removed.data).toEqual({ removeZebra: { key: '-5', reason: 'REMOVED' } });
  });

  it('a scope names one collection', async () => {
    const made = await twoCollections();
    const insertZebra = 'mutation { insertZebra(input: { code: 1, text: "a" }) { code } }';
    expect(errorOf(await run(made, '{ zebras { cursor } }', 'ants'))).toEqual({
      message: 'not allowed: requires scope zebras:read',
      code: 'FORBIDDEN',
    });
    expect(errorOf(await run(made, insertZebra, 'ants')).message).toBe('not allowed: requires scope zebras:write');
    expect((await run(made, insertZebra, 'zebras')).errors).toBeUndefined();
  });

  it('issues of inputs and of the arguments beside them have the paths of the client', async () => {
    const made = await twoCollections();
    const [good, bad] = ['{ code: 1, text: "a" }', '{ code: 2, text: "bad" }'];
    const insertions = [
      `insertZebra(input: ${bad})`,
      `insertZebras(inputs: [${good}, ${bad}])`,
      `insertZebra(input: ${good}, ttl: 0, ifCursor: "x", idempotencyKey: "")`,
      'insertZebras(inputs: [])',
    ];
    const paths = insertions.map(async (insertion) => {
      const { code, issues } = errorOf(await run(made, `mutation { ${insertion} { code } }`)) as {
        code?: unknown;
        issues?: { path: unknown }[];
      };
      return [code, issues?.map(({ path }) => path)];
    });
    expect(await Promise.all(paths)).toEqual([
      ['BAD_USER_INPUT', [['input', 'text']]],
      ['BAD_USER_INPUT', [['inputs', 1, 'text']]],
      ['BAD_USER_INPUT', [['ttl'], ['idempotencyKey'], ['ifCursor']]],
      ['BAD_USER_INPUT', [['inputs']]],
    ]);
    expect(made.maps.get('zebras')?.replica.items.size).toBe(0);
  });

  it('mutations that insert bear what the fast path needs', async () => {
    const { schema, maps } = await twoCollections();
    const { insertAnt, insertAnts, removeAnt } = schema.getMutationType()!.getFields();
    const insertionIn = (field: typeof insertAnt) =>
      (field?.extensions['seamline'] as { insertion?: FastInsertion } | undefined)?.insertion;
    expect(insertionIn(insertAnt)).toMatchObject({ collection: 'ants', isBatch: false });
    expect(insertionIn(insertAnts)).toMatchObject({ collection: 'ants', isBatch: true });
    expect(insertionIn(insertAnt)?.mapOf()).toBe(maps.get('ants'));
    expect(insertionIn(insertAnt)?.insertionOf({ code: 1, text: 'a' })).toMatchObject({ key: '1' });
    expect(insertionIn(removeAnt)).toBeUndefined();
  });
});
