/** Inputs of random types in which one thing is wrong: the answer names its path, and nothing is written. */
import fc from 'fast-check';
import { type ASTNode, type ObjectValueNode, parse, type ValueNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { Dice } from '../../support/random/dice.ts';
import { type Damage, Damager, UNKEPT, UNKEPT_MARK } from '../../support/typed/damages.ts';
import {
  answerTo,
  exactJson,
  insertion,
  mapIn,
  scenes,
  WAYS,
  type Way,
  withServers,
} from '../../support/typed/served-sdl.ts';
import { SEED } from '../../support/typed/seed.ts';

/** `TYPED_RUNS=500` takes some minutes. */
const RUNS = Number(process.env['TYPED_RUNS'] ?? 25);
const DAMAGES = 20;
const KINDS = [
  'key',
  'levels:',
  'member of types',
  'null of types',
  'number',
  'number of types',
  'surrogate',
  'without of types',
  'wrongly of types',
];

type Path = readonly (string | number)[];

/** As graphql-js writes it: `input.lines[0].sku`. */
const textOf = (path: Path): string =>
  path.map((name, at) => (typeof name === 'number' ? `[${name}]` : `${at === 0 ? '' : '.'}${name}`)).join('');

describe('wrong inputs of random types', () => {
  it(
    'an input with one thing wrong is refused at its path, alone and in a batch, by variables and by literals, and nothing is written',
    async () => {
      const counts = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(scenes(3, 3), async (scene) => {
          const { sdl, collection, values, seed } = scene;
          const dice = new Dice(seed);
          const damager = new Damager(sdl, dice);
          await withServers(sdl, [{}], async (servers) => {
            for (const server of servers) {
              for (let round = 0; round < DAMAGES; round++) {
                const at = dice.below(values.length);
                const damage = damager.damage(collection, collection.key.name, values[at]?.sent);
                if (!damage) continue;
                const name = damage.what.replace(/ .*/, '') + (damage.isOfTypes ? ' of types' : '');
                counts.set(name, (counts.get(name) ?? 0) + 1);
                const inputs = values.map(({ sent }, index) => (index === at ? damage.input : sent));
                for (const way of WAYS) {
                  const isBatch = way.startsWith('batch');
                  const body = bodyText(insertion(sdl, collection, way, isBatch ? inputs : [damage.input]));
                  const base: Path = isBatch ? ['inputs', at] : ['input'];
                  // The second time the document is known, as one for the fast path.
                  for (let time = 0; time < 2; time++) {
                    const { errors, data } = await answerTo(server, body);
                    expect(data?.['done']).toBeUndefined();
                    try {
                      expectRefusal({ damage, way, base, body }, errors);
                    } catch (cause) {
                      throw new Error(`${damage.what} in ${body}: ${JSON.stringify(errors)}`, { cause });
                    }
                  }
                }
              }
              expect(mapIn(server, collection).replica.head.position).toBe(0);
            }
          });
        }),
        { ...SEED, numRuns: RUNS, endOnFailure: true },
      );
      expect(KINDS).toEqual(expect.arrayContaining([...counts.keys()]));
      // Few runs miss some kinds.
      expect(counts.size).toBeGreaterThan(KINDS.length / 2);
    },
    60_000 + RUNS * 2000,
  );
});

/** In JSON, and in a literal in JSON. */
const bodyText = (body: object): string =>
  exactJson(body).replaceAll(`\\"${UNKEPT_MARK}\\"`, UNKEPT).replaceAll(`"${UNKEPT_MARK}"`, UNKEPT);

interface Sent {
  readonly damage: Damage;
  readonly way: Way;
  readonly base: Path;
  readonly body: string;
}

function expectRefusal(
  { damage, way, base, body }: Sent,
  errors: Awaited<ReturnType<typeof answerTo>>['errors'],
): void {
  const [error] = errors ?? [];
  expect(errors?.length).toBe(1);
  if (damage.isNoGraphQL && way.endsWith('literals')) {
    expect(error?.extensions['code']).toBe('GRAPHQL_PARSE_FAILED');
    return;
  }
  if (!damage.isOfTypes) {
    expect(error?.extensions['code']).toBe('BAD_USER_INPUT');
    const issues = error?.extensions['issues'] as { path: Path }[];
    expect(issues.map(({ path }) => path)).toEqual([[...base, ...damage.path]]);
  } else if (way.endsWith('variables')) {
    expect(error?.extensions['code']).toBe('BAD_USER_INPUT');
    expect(error?.message).toContain('got invalid value');
    const path = textOf([...base, ...damage.path]);
    // The path of the variable itself is left out.
    if (path === 'input') expect(error?.message).not.toMatch(/ at "/);
    else expect(error?.message).toContain(` at "${path}"; `);
    if (damage.unknown !== undefined) expect(error?.message).toContain(`"${damage.unknown}"`);
  } else {
    expect(error?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    const { query } = JSON.parse(body) as { query: string };
    const { start } = nodeAt(query, [...base, ...damage.path], damage.unknown)?.loc ?? {};
    // A document of one line.
    expect(error?.locations?.map(({ line, column }) => [line, column])).toEqual([[1, (start ?? -2) + 1]]);
  }
}

/** The literal at a path in the arguments, or the member with that name in it. */
function nodeAt(query: string, path: Path, member: string | undefined): ASTNode | undefined {
  const [operation] = parse(query).definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error('no operation');
  const [field] = operation.selectionSet.selections;
  if (field?.kind !== 'Field') throw new Error('no field');
  const [argument] = field.arguments ?? [];
  const node = path.slice(1).reduce<ValueNode | undefined>((holder, name) => {
    if (holder?.kind === 'ListValue') return holder.values[name as number];
    return memberOf(holder, name)?.value;
  }, argument?.value);
  return member === undefined ? node : memberOf(node, member);
}

const memberOf = (holder: ValueNode | undefined, name: string | number) =>
  (holder as ObjectValueNode | undefined)?.fields.find((field) => field.name.value === name);
