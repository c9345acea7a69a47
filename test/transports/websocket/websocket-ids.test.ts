/**
 * An id of graphql-transport-ws that is used again, also at once: what had it before says nothing in the name of what has it now.
 * Against a model of the protocol, whose client knows of each message whose it is by the alias in it.
 */
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { ask } from '../../support/clients/clients.ts';
import { seeded } from '../../support/random/random.ts';
import { type Message, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { startServer } from '../../support/server/server.ts';
import { WireSocket } from '../../support/sockets/wire-socket.ts';

const DELIVERY = [
  ['the fan-out', true],
  ['generators', false],
] as const;
const complete = (id: string): Message => ({ type: 'complete', id });
type Step = 'subscribe' | 'completeIt' | 'again';
const [subscribe, completeIt, again] = ['subscribe', 'completeIt', 'again'] satisfies [Step, Step, Step];
const LIVES = 30;
const ITEMS_NOW = '{ items(first: 1000) { edges { node { key } } } }';
const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { key } }';

interface Kind {
  readonly name: string;
  /** Undefined: it never ends by itself. */
  readonly ends: 'complete' | 'error' | undefined;
  /** How many results it has by then. */
  readonly results?: number;
  readonly payload: (alias: string) => { query: string; variables?: object };
}

const query = (text: string) => (alias: string) => ({ query: text.replace('ALIAS', alias) });
const KINDS: readonly Kind[] = [
  { name: 'a subscription', ends: undefined, payload: query('subscription { ALIAS: items { key } }') },
  { name: 'a mirror', ends: undefined, payload: query('subscription { ALIAS: itemChanges { upserted { key } } }') },
  {
    name: 'one with a limit',
    ends: 'complete',
    results: 1,
    payload: query('subscription { ALIAS: items(limit: 1) { key } }'),
  },
  {
    name: 'one with a limit of 0',
    ends: 'complete',
    results: 0,
    payload: query('subscription { ALIAS: items(limit: 0) { key } }'),
  },
  { name: 'one that fails', ends: 'error', payload: query('subscription { ALIAS: items(after: "nonsense") { key } }') },
  { name: 'a document that makes no sense', ends: 'error', payload: query('subscription { ALIAS: nothing }') },
  { name: 'no document', ends: 'error', payload: query('{') },
  { name: 'a query', ends: 'complete', results: 1, payload: query('{ ALIAS: item(key: "0") { key } }') },
  {
    name: 'an insertion',
    ends: 'complete',
    results: 1,
    payload: (alias) => ({ query: INSERT, variables: { input: { key: alias, value: 1 } } }),
  },
  {
    name: 'an insertion that fails',
    ends: 'complete',
    results: 1,
    payload: () => ({ query: INSERT, variables: { input: { key: '', value: 1 } } }),
  },
];

/** One operation of the client. */
interface Operation {
  readonly id: string;
  readonly alias: string;
  readonly kind: Kind;
  isCompleted: boolean;
}

class ModelClient {
  readonly socket: WireSocket;
  readonly operations: Operation[] = [];
  /** By id, those that it takes for open. */
  readonly open = new Map<string, Operation>();
  /** Their ends may be on their way still, so that the next end of the id wouldn't be known. */
  readonly #crossing = new Set<string>();
  #read = 0;

  constructor(socket: WireSocket) {
    this.socket = socket;
  }

  isFree(id: string): boolean {
    return !this.open.has(id) && !this.#crossing.has(id);
  }

  subscribe(id: string, kind: Kind): Message {
    const operation = { id, alias: `o${this.operations.length}`, kind, isCompleted: false };
    this.operations.push(operation);
    this.open.set(id, operation);
    const { query, ...rest } = kind.payload(operation.alias);
    return subscribeMessage(id, query, rest);
  }

  complete(id: string): Message {
    const operation = this.open.get(id);
    if (operation) operation.isCompleted = true;
    if (operation?.kind.ends) this.#crossing.add(id);
    this.open.delete(id);
    return complete(id);
  }

  /** What has come frees the ids of what has ended. */
  read(): void {
    const { messages } = this.socket;
    for (; this.#read < messages.length; this.#read++) {
      const { id = '', type } = messages[this.#read] as Message;
      if (type === 'complete' || type === 'error') this.open.delete(id);
    }
  }

  async fence(): Promise<void> {
    await this.socket.fence();
    this.read();
    this.#crossing.clear();
  }

  /** The keys that an operation has delivered. */
  keysOf({ alias }: Operation): string[] {
    return this.socket.messages
      .filter(({ type }) => type === 'next')
      .map(
        ({ payload }) =>
          (payload as { data?: Record<string, { key?: string; upserted?: { key: string }[] }> }).data?.[alias],
      )
      .flatMap((field) => (field?.upserted ? field.upserted.map(({ key }) => key) : field ? [field.key ?? ''] : []));
  }

  /** What must hold of an id once everything has come. */
  check(id: string, items: readonly string[]): void {
    const own = this.operations.filter((operation) => operation.id === id);
    const aliases = this.socket
      .of(id)
      .map(({ payload }) => Object.keys((payload as { data?: object } | undefined)?.data ?? {})[0])
      .filter((alias) => alias !== undefined && alias !== 'insertItem')
      .map((alias) => Number(alias?.slice(1)));
    expect(aliases, `${id}: what is over says nothing after what has come since`).toEqual(
      aliases.toSorted((a, b) => a - b),
    );
    for (const type of ['complete', 'error'] as const) {
      const ends = this.socket.of(id).filter((message) => message.type === type).length;
      const ending = own.filter(({ kind }) => kind.ends === type);
      const due = ending.filter(({ isCompleted }) => !isCompleted).length;
      expect(ends, `${id}: ${type}s`).toBeGreaterThanOrEqual(due);
      expect(ends, `${id}: ${type}s`).toBeLessThanOrEqual(ending.length);
    }
    for (const operation of own.filter(({ kind }) => kind.ends === undefined)) {
      const keys = this.keysOf(operation);
      expect(keys, `${id} ${operation.alias}`).toEqual(items.slice(0, keys.length));
    }
    for (const operation of own.filter(({ kind, isCompleted }) => kind.name === 'one with a limit' && !isCompleted))
      expect(this.keysOf(operation), `${id} ${operation.alias}`).toEqual(items.slice(0, 1));
  }
}

/** A life of one connection, and what must hold at its end. */
async function live(server: SeamlineServer, seed: number): Promise<void> {
  const random = seeded(seed);
  const chance = (part: number): boolean => random() < part;
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const client = new ModelClient(await WireSocket.open(server));
  const ids = ['1', '2 \\', 'ü","type":"next'];
  for (let step = 0; step < 40; step++) {
    client.read();
    const group: Message[] = [];
    for (let count = 1 + Math.floor(random() * 4); count > 0; count--) {
      const id = pick(ids);
      if (client.open.has(id)) group.push(client.complete(id));
      // Half of them never end by themselves: their ids may be used again at once.
      else if (client.isFree(id)) group.push(client.subscribe(id, chance(0.5) ? pick(KINDS.slice(0, 2)) : pick(KINDS)));
      else if (chance(0.2)) group.push(complete(id));
    }
    client.socket.send(...group);
    if (chance(0.3)) await server.map.insert({ key: `${seed} ${step}`, value: step });
    if (chance(0.5)) await new Promise((resolve) => setImmediate(resolve));
    if (chance(0.3)) await client.fence();
  }
  const { socket } = client;
  const endless = () => [...client.open.values()].filter(({ kind }) => kind.ends === undefined);
  await socket.until(() => (client.read(), client.open.size === endless().length));
  await server.map.insert({ key: `${seed} last`, value: 1 });
  await socket.until(() => endless().every((operation) => client.keysOf(operation).includes(`${seed} last`)));
  socket.send(...endless().map(({ id }) => client.complete(id)));
  await client.fence();
  expect(server.map.subscriptions).toBe(0);
  const count = socket.messages.length;
  await server.map.insert({ key: `${seed} after`, value: 1 });
  await client.fence();
  // But the fence's.
  expect(socket.messages).toHaveLength(count + 2);
  const { items } = await ask<{ items: { edges: { node: { key: string } }[] } }, object>(server, ITEMS_NOW);
  const keys = items.edges.map(({ node }) => node.key);
  for (const id of ids) client.check(id, keys);
  socket.client.destroy();
  await socket.until(({ isOver }) => isOver);
}

describe.each(DELIVERY)('delivered by %s', (_name, fanOut) => {
  const withItem = async (): Promise<SeamlineServer> => {
    const server = await startServer({ fanOut, window: 10_000 });
    await server.map.insert({ key: '0', value: 0 });
    return server;
  };

  it('random messages in random packets reach the current operation of each id', { timeout: 120_000 }, async () => {
    const first = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e6));
    for (let seed = first; seed < first + LIVES; seed++)
      await live(await withItem(), seed).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
  });

  describe.each(KINDS)('a subscription under the id of $name', (before) => {
    it.each<[string, Step[][]]>([
      ['that is completed and replaced in one packet', [[subscribe, completeIt, again]]],
      ['that was begun, in one packet with its complete', [[subscribe], [completeIt, again]]],
      ['that was begun and completed', [[subscribe], [completeIt], [again]]],
      ['that was completed in the packet that began it', [[subscribe, completeIt], [again]]],
      ['that was replaced twice', [[subscribe, completeIt, again, completeIt], [again]]],
    ])('%s is delivered whole, and ends when it is completed', async (_order, packets) => {
      const server = await withItem();
      const socket = await WireSocket.open(server);
      const { query, ...rest } = before.payload('before');
      const messages = {
        subscribe: subscribeMessage('1', query, rest),
        completeIt: complete('1'),
        again: subscribeMessage('1', 'subscription { now: items(filter: { keyPrefix: "n" }) { key } }'),
      };
      // By then what ends by itself has ended in the first packet: its client doesn't complete it.
      for (const packet of packets) {
        const parts = before.ends && packets[0]?.length === 1 ? packet.filter((part) => part !== completeIt) : packet;
        if (parts.length === 0) continue;
        socket.send(...parts.map((part) => messages[part]));
        if (parts.includes(subscribe) && !parts.includes(completeIt))
          await socket.until(() => socket.messages.some(({ type }) => !before.ends || type === before.ends));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const from = socket.messages.length;
      await socket.fence();
      for (const key of ['n1', 'n2']) await server.map.insert({ key, value: 1 });
      const now = () => socket.of('1').filter(({ payload }) => JSON.stringify(payload ?? {}).includes('"now"'));
      await socket.until(() => now().length >= 2);
      expect(now().map(({ payload }) => payload)).toEqual(['n1', 'n2'].map((key) => ({ data: { now: { key } } })));
      const late = socket.messages.slice(from).filter(({ id, type }) => id === '1' && type !== 'next');
      expect(late).toEqual([]);
      socket.send(complete('1'));
      await socket.fence();
      expect(server.map.subscriptions).toBe(0);
      await server.map.insert({ key: 'n3', value: 1 });
      await socket.fence();
      expect(now()).toHaveLength(2);
    });
  });
});
