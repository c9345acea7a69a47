/** The process of an attack: `node attacker.ts '{"name":…,"port":…}'`. It holds its connections until it is killed. */
import { answers } from './attacks/answers.ts';
import { floods } from './attacks/floods.ts';
import { halves } from './attacks/halves.ts';
import { shapes } from './attacks/shapes.ts';
import { texts } from './attacks/texts.ts';
import { time } from './attacks/time.ts';

export interface Attack {
  /** Of one of the functions in `attacks/`. */
  readonly name: string;
  readonly [argument: string]: unknown;
}

/** Resolves with what it has counted. */
export type Run = (port: number, attack: Attack) => Promise<unknown>;

const ATTACKS: Readonly<Record<string, Run>> = { ...answers, ...floods, ...halves, ...shapes, ...texts, ...time };

const attack = JSON.parse(process.argv[2] ?? '{}') as Attack & { readonly port: number };
const run = ATTACKS[attack.name];
if (!run) throw new Error(`there is no attack ${attack.name}`);
// The server may close a connection at any time.
process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
  if (error.syscall === undefined) throw error;
});
const report = await run(attack.port, attack);
process.send?.(report ?? 'done');
