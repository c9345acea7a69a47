/** Lives a random life: a map on a log that may break, subscribers by the fan-out and by generators, sockets that stall. */
import { setImmediate as turn } from 'node:timers/promises';
import { vi } from 'vitest';
import { exportState } from '../../../src/core/replica/snapshot.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { FaultyEngine, type FaultyLog } from '../model/faulty-engine.ts';
import { Oracle } from '../model/oracle.ts';
import { appendTransaction } from '../model/transactions.ts';
import type { Command, Life, Write } from './commands.ts';
import type { Door, Doors, Plan } from './doors.ts';
import { FakeSocket } from './fake-socket.ts';
import { ItemsMember } from './items-member.ts';
import { insist, type World } from './member.ts';
import { MirrorMember } from './mirror-member.ts';

type AnyMember = ItemsMember | MirrorMember;

/** How many deliveries were checked, and how many of them told that an item does not match. */
export type Checked = Pick<World, 'deliveries' | 'unmatched'>;

/** Turns of the event loop without any delivery, after which everything is at rest. */
const QUIET_TURNS = 4;

class Lived {
  readonly #engine = new FaultyEngine();
  readonly #log: FaultyLog = this.#engine.connect();
  readonly #sockets = Array.from({ length: 4 }, () => new FakeSocket());
  readonly #members: AnyMember[] = [];
  readonly #world: World;
  readonly #doors: { readonly fanned: Door; readonly plain: Door };
  /** The number of changes after each sequence. */
  #heads = [0, 0];
  #ids = 0;

  private constructor(log: FaultyLog, engine: FaultyEngine, map: StreamingMap, life: Life, doors: Doors) {
    this.#log = log;
    this.#engine = engine;
    this.#world = {
      map,
      oracle: new Oracle<unknown>(life.maxItems),
      window: life.window,
      deliveries: 0,
      unmatched: 0,
      isRebuilt: false,
    };
    this.#doors = { fanned: doors.fanOut(map), plain: doors.generators(map) };
  }

  static async begin(life: Life, doors: Doors): Promise<Lived> {
    const { maxItems, window } = life;
    const engine = new FaultyEngine();
    const log = engine.connect();
    return new Lived(log, engine, await StreamingMap.open({ log, maxItems, window }), life, doors);
  }

  get checked(): Checked {
    const { deliveries, unmatched } = this.#world;
    return { deliveries, unmatched };
  }

  async step(command: Command): Promise<void> {
    const world = this.#world;
    switch (command.do) {
      case 'insert':
      case 'remove':
      case 'transaction':
        await this.#write(command);
        break;
      case 'burst': {
        const written = Promise.all(command.writes.map((write) => this.#write(write)));
        for (let tick = 0; tick < command.ticks; tick++) await Promise.resolve();
        const joined = command.meanwhile && this.#act(command.meanwhile);
        await written;
        if (joined instanceof ItemsMember) joined.startedMeanwhile();
        break;
      }
      case 'wait':
        this.#engine.now += command.ms;
        break;
      case 'save': {
        const { sequence, commandId } = world.map.replica;
        const chunks = [...exportState(world.map.replica)].map((line) => Buffer.from(`${line}\n`));
        await this.#log.saveSnapshot({ sequence, commandId, chunks });
        break;
      }
      case 'break':
        this.#engine.break('no connection');
        await this.#rebuilt(world.oracle.head, world.oracle.head);
        break;
      case 'lose': {
        const { head } = world.oracle;
        const last = Math.max(1, this.#heads.length - 1 - command.commands);
        this.#heads.length = last + 1;
        const { maxItems } = world.map.replica.bounds;
        world.oracle = new Oracle<unknown>(maxItems, world.oracle.changes.slice(0, this.#heads[last]));
        this.#engine.lose(this.#engine.last - last);
        await this.#rebuilt(world.oracle.head, head);
        break;
      }
      case 'recreate': {
        const { head } = world.oracle;
        this.#heads = [0, 0];
        world.oracle = new Oracle<unknown>(world.map.replica.bounds.maxItems);
        this.#engine.recreate();
        await this.#rebuilt(-1, head);
        break;
      }
      case 'join':
      case 'leave':
      case 'resume':
      case 'fill':
      case 'drain':
        this.#act(command);
    }
    insist(world.map.replica.head.position === world.oracle.head, 'the map is not the oracle’s');
    await this.#settle();
    const isExact = command.do !== 'burst';
    for (const member of this.#members) member.check({ isExact });
    this.#forget();
  }

  async end(closes: boolean): Promise<void> {
    const { map } = this.#world;
    if (closes) {
      await map.close();
      await this.#settle();
      for (const member of this.#members) member.checkClosed({ isExact: true });
      for (const socket of this.#sockets) socket.drain();
      await this.#settle();
      for (const member of this.#members) member.checkClosed({ isExact: true });
    } else for (const member of this.#members) member.leave();
    await this.#settle();
    insist(map.subscriptions === 0, 'G10: something is not released', { open: map.subscriptions });
    for (const { strays } of this.#sockets) insist(strays.length === 0, 'something comes after the end', { strays });
    if (!closes) await map.close();
  }

  /** What a client or a socket does. Returns the member that has joined. */
  #act(command: Extract<Command, { do: 'join' | 'leave' | 'resume' | 'fill' | 'drain' }>): AnyMember | undefined {
    if (command.do === 'join') return this.#join(command.plan, command.isFanned, this.#socket(command.socket));
    if (command.do === 'fill') this.#socket(command.socket).fill(command.room);
    if (command.do === 'drain') this.#socket(command.socket).drain();
    if (!('who' in command)) return undefined;
    const member = this.#members[command.who % this.#members.length];
    if (!member || member.isOver) return undefined;
    member.leave();
    if (command.do === 'leave') return undefined;
    const after = member.resumption;
    const limit = member instanceof ItemsMember ? member.limit : undefined;
    const items = member instanceof MirrorMember ? member.items : undefined;
    return this.#join({ ...member.plan, limit }, command.isFanned, member.socket, after, items);
  }

  #join(plan: Plan, isFanned: boolean, socket: FakeSocket, after?: string, items?: MirrorMember['items']): AnyMember {
    const door = isFanned ? this.#doors.fanned : this.#doors.plain;
    const place = { door, socket, id: `${this.#ids++}`, after };
    const world = this.#world;
    const member =
      plan.kind === 'items' ? new ItemsMember(world, plan, place) : new MirrorMember(world, plan, place, items);
    this.#members.push(member);
    return member;
  }

  #socket(n: number): FakeSocket {
    // `n` is below the number of sockets.
    return this.#sockets[n]!;
  }

  async #write(write: Write): Promise<void> {
    const { map, oracle } = this.#world;
    const { now } = this.#engine;
    if (write.do === 'insert') {
      const { inputs } = write;
      oracle.insert(inputs, now);
      this.#heads.push(oracle.head);
      await map.insertMany(inputs);
    } else if (write.do === 'transaction') {
      oracle.transaction(write.writes, now);
      this.#heads.push(oracle.head);
      await appendTransaction(this.#log, write.writes);
    } else {
      oracle.remove(write.key, now);
      this.#heads.push(oracle.head);
      await map.remove(write.key);
    }
  }

  /** The node continues with the current log. */
  async #rebuilt(shared: number, head: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(5000);
    this.#world.isRebuilt = true;
    insist(this.#world.map.health().ok, 'the node has not been built again');
    for (const member of this.#members) member.cross(shared, head);
  }

  /** Until nothing is delivered any more. */
  async #settle(): Promise<void> {
    let [writes, quiet] = [-1, 0];
    while (quiet < QUIET_TURNS) {
      const now = this.#sockets.reduce((sum, socket) => sum + socket.writes, 0);
      quiet = now === writes ? quiet + 1 : 0;
      writes = now;
      await turn();
    }
  }

  #forget(): void {
    const open = this.#members.filter(({ isOver }) => !isOver);
    this.#members.splice(0, this.#members.length, ...open);
  }
}

export async function live(life: Life, doors: Doors): Promise<Checked> {
  const lived = await Lived.begin(life, doors);
  for (const [n, command] of [...life.joins, ...life.commands].entries())
    await lived.step(command).catch((error: Error) => {
      error.message = `step ${n} (${command.do}): ${error.message}`;
      throw error;
    });
  await lived.end(life.closes);
  return lived.checked;
}
