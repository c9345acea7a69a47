/** A map in memory with subscribers whose moves a test controls, step by step. */
import { setImmediate as turn } from 'node:timers/promises';
import { onTestFinished, vi } from 'vitest';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import { Oracle, type OracleWrite } from '../model/oracle.ts';
import { appendTransaction } from '../model/transactions.ts';
import type { Door, Doors, Plan } from './doors.ts';
import { FakeSocket } from './fake-socket.ts';
import { ItemsMember } from './items-member.ts';
import { insist, type World } from './member.ts';
import { MirrorMember } from './mirror-member.ts';

export type AnyMember = ItemsMember | MirrorMember;

export interface SceneOptions {
  readonly window?: number;
  readonly maxItems?: number;
  readonly isFanned: boolean;
  /** Whether slots end early: see `fakeClock`. @default false */
  readonly isSliced?: boolean;
  /** The value of the n-th item that `insert` gets. @default n */
  readonly contentOf?: (n: number, key: string) => unknown;
}

/**
 * Turns of the event loop without any delivery, after which everything is at rest: if slots never end early, and if each of them visits a
 * few of hundreds of subscribers.
 */
const [QUIET_TURNS, QUIET_TURNS_OF_SLICES] = [4, 40];

/** Slots end early as on a busy machine: each look at the clock takes so many ms. Without `step` they never do. */
export function fakeClock(step = 0): void {
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += step));
  onTestFinished(() => clock.mockRestore());
}

export class Scene {
  readonly world: World;
  readonly members: AnyMember[] = [];
  readonly sockets: FakeSocket[] = [];
  readonly #door: Door;
  readonly #log: OrderedLog;
  readonly #quietTurns: number;
  readonly #contentOf: (n: number, key: string) => unknown;
  readonly #written: Promise<unknown>[] = [];
  #value = 0;

  private constructor(
    map: StreamingMap,
    log: OrderedLog,
    door: Door,
    { window = 1000, maxItems = 1000, isSliced, contentOf = (n) => n }: SceneOptions,
  ) {
    this.#contentOf = contentOf;
    this.#quietTurns = isSliced === true ? QUIET_TURNS_OF_SLICES : QUIET_TURNS;
    this.world = { map, oracle: new Oracle<unknown>(maxItems), window, deliveries: 0, unmatched: 0, isRebuilt: false };
    this.#door = door;
    this.#log = log;
  }

  static async open(doors: Doors, options: SceneOptions): Promise<Scene> {
    const { isFanned, window = 1000, maxItems = 1000 } = options;
    const log = memoryLog();
    const map = await StreamingMap.open({ log, window, maxItems });
    return new Scene(map, log, isFanned ? doors.fanOut(map) : doors.generators(map), options);
  }

  socket(): FakeSocket {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  }

  join(plan: Plan, socket = this.socket(), after?: string, items?: MirrorMember['items']): AnyMember {
    const place = { door: this.#door, socket, id: `${this.members.length}`, after };
    const member =
      plan.kind === 'items'
        ? new ItemsMember(this.world, plan, place)
        : new MirrorMember(this.world, plan, place, items);
    this.members.push(member);
    return member;
  }

  /** The member's client continues on another socket. */
  resume(member: AnyMember): AnyMember {
    const after = member.resumption;
    member.leave();
    return this.join(member.plan, undefined, after, member instanceof MirrorMember ? member.items : undefined);
  }

  /** The log takes it at once; the map applies it soon. */
  insert(...keys: readonly string[]): void {
    this.put(...keys.map((key) => [key, this.#contentOf(this.#value++, key)] as const));
  }

  /** One batch of items with these values. */
  put(...items: readonly (readonly [key: string, value: unknown])[]): void {
    const inputs = items.map(([key, value]) => ({ key, value }));
    this.world.oracle.insert(inputs, 0);
    this.#written.push(this.world.map.insertMany(inputs));
  }

  remove(key: string): void {
    this.world.oracle.remove(key, 0);
    this.#written.push(this.world.map.remove(key));
  }

  /** One transaction of another program. */
  transaction(...writes: readonly OracleWrite<unknown>[]): void {
    this.world.oracle.transaction(writes, 0);
    this.#written.push(appendTransaction(this.#log, writes));
  }

  /** Until everything is written, and nothing is delivered any more. */
  async rest(): Promise<void> {
    await Promise.all(this.#written.splice(0));
    let [writes, quiet] = [-1, 0];
    while (quiet < this.#quietTurns) {
      const now = this.sockets.reduce((sum, socket) => sum + socket.writes, 0);
      quiet = now === writes ? quiet + 1 : 0;
      writes = now;
      await turn();
    }
  }

  /** `isExact`: nobody has lagged, or there was one command since the last check. */
  check(isExact = true): void {
    const { map, oracle } = this.world;
    insist(map.replica.head.position === oracle.head, 'the map is not the oracle’s');
    for (const member of this.members) member.check({ isExact });
  }

  /** Everybody leaves, and nothing is left over. */
  async end(): Promise<void> {
    for (const member of this.members) if (!member.isOver) member.leave();
    await this.rest();
    const { map } = this.world;
    insist(map.subscriptions === 0, 'G10: something is not released', { open: map.subscriptions });
    for (const { strays } of this.sockets) insist(strays.length === 0, 'something comes after the end', { strays });
    await map.close();
  }
}
