/** The commands of random lives of a map and its subscribers with filters. */
import fc from 'fast-check';
import type { Plan } from './doors.ts';
import { filter, KEYS } from './filters.ts';
import { content } from './made-where.ts';

export interface Input {
  readonly key: string;
  readonly value: unknown;
  readonly ttl: number | undefined;
}

export type Write =
  | { readonly do: 'insert'; readonly inputs: readonly Input[] }
  | { readonly do: 'remove'; readonly key: string }
  /** A transaction of another program. */
  | {
      readonly do: 'transaction';
      readonly writes: readonly (Input | { readonly key: string; readonly removed: true })[];
    };

interface Join {
  readonly do: 'join';
  readonly plan: Plan;
  readonly socket: number;
  readonly isFanned: boolean;
}

/** `who` counts subscribers, and `socket` sockets, modulo those that there are. */
export type Command =
  | Write
  | { readonly do: 'wait'; readonly ms: number }
  | Join
  | { readonly do: 'leave'; readonly who: number }
  | { readonly do: 'resume'; readonly who: number; readonly isFanned: boolean }
  | { readonly do: 'fill'; readonly socket: number; readonly room: number }
  | { readonly do: 'drain'; readonly socket: number }
  /** Several writes at once, and perhaps what a client or a socket does meanwhile, after some microtasks. */
  | { readonly do: 'burst'; readonly writes: readonly Write[]; readonly ticks: number; readonly meanwhile: Meanwhile }
  | { readonly do: 'break' | 'recreate' | 'save' }
  | { readonly do: 'lose'; readonly commands: number };

export type Meanwhile = Extract<Command, { do: 'join' | 'leave' | 'fill' | 'drain' }> | undefined;

const key = fc.constantFrom(...KEYS);
const input: fc.Arbitrary<Input> = fc.record({
  key,
  value: content,
  ttl: fc.option(fc.constantFrom(1, 2, 5), { nil: undefined, freq: 5 }),
});
const plan: fc.Arbitrary<Plan> = fc.record({
  kind: fc.constantFrom('items' as const, 'changes' as const),
  filter,
  limit: fc.option(fc.nat(6), { nil: undefined, freq: 4 }),
  onLag: fc.constantFrom('CONFLATE' as const, 'CONFLATE' as const, 'FAIL' as const),
  selection: fc.constantFrom(0 as const, 1 as const),
});
const write: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('insert' as const),
      inputs: fc.array(input, { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('transaction' as const),
      writes: fc.array(fc.oneof(input, fc.record({ key, removed: fc.constant(true as const) })), {
        minLength: 1,
        maxLength: 6,
      }),
    }),
  },
);

const socket = fc.nat(3);
const who = fc.nat(20);
const room = fc.constantFrom(0, 0, 1, 2);

const joinOf = (isFanned: fc.Arbitrary<boolean>): fc.Arbitrary<Join> =>
  fc.record({ do: fc.constant('join' as const), plan, socket, isFanned });

const commandOf = (isFanned: fc.Arbitrary<boolean>): fc.Arbitrary<Command> => {
  const join = joinOf(isFanned);
  const leave = fc.record({ do: fc.constant('leave' as const), who });
  const fill = fc.record({ do: fc.constant('fill' as const), socket, room });
  const drain = fc.record({ do: fc.constant('drain' as const), socket });
  const burst = fc.record({
    do: fc.constant('burst' as const),
    writes: fc.array(write, { minLength: 1, maxLength: 4 }),
    ticks: fc.nat(12),
    meanwhile: fc.option(fc.oneof(join, leave, fill, drain), { nil: undefined, freq: 3 }),
  });
  return fc.oneof(
    { weight: 8, arbitrary: write },
    { weight: 4, arbitrary: join },
    { weight: 2, arbitrary: leave },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), who, isFanned }) },
    { weight: 3, arbitrary: fill },
    { weight: 4, arbitrary: drain },
    { weight: 3, arbitrary: burst },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(400, 1000, 3000) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('lose' as const), commands: fc.integer({ min: 1, max: 3 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('break' as const, 'recreate' as const, 'save' as const) }),
    },
  );
};

export interface Life {
  readonly maxItems: number;
  readonly window: number;
  readonly joins: readonly Join[];
  readonly commands: readonly Command[];
  /** How it ends: the map closes, or everybody leaves. */
  readonly closes: boolean;
}

/** `isFanned`: by the fan-out, by generators, or by both. */
export const lifeOf = (isFanned: fc.Arbitrary<boolean>): fc.Arbitrary<Life> =>
  fc.record({
    maxItems: fc.constantFrom(3, 6, 100),
    window: fc.constantFrom(1, 2, 3, 5, 8, 16, 1000),
    joins: fc.array(joinOf(isFanned), { minLength: 1, maxLength: 12 }),
    commands: fc.array(commandOf(isFanned), { minLength: 12, maxLength: 48 }),
    closes: fc.boolean(),
  });
