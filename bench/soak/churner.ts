/** One subscriber that joins, stalls, is cut, resumes and leaves, over a WebSocket or SSE. */
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { type Ledger } from './ledger.ts';
import { lightSocket } from './light-socket.ts';
import type { Selection } from './selection.ts';
import { type Changes, ChangesWitness, type Entry, ItemsWitness } from './witness.ts';

const DOCUMENTS = {
  items: `subscription ($after: String, $filter: ItemFilter) { items(after: $after, filter: $filter) { key value cursor } }`,
  itemChanges: `subscription ($after: String, $filter: ItemFilter) { itemChanges(after: $after, filter: $filter) {
    reset caughtUp cursor follows size checksum upserted { key value cursor } removed { key cursor reason } } }`,
} as const;

/** The longest time until it changes its behaviour, in ms. */
const MAX_ACT_MS = 120_000;

export interface Tally {
  deliveries: number;
  joins: number;
  resumes: number;
  /** Subscribers that the server ended although they were reading. */
  ended: number;
}

export interface ChurnerOptions {
  readonly name: string;
  readonly port: number;
  readonly ledger: Ledger;
  readonly tally: Tally;
  readonly kind: keyof typeof DOCUMENTS;
  readonly transport: 'websocket' | 'sse';
  readonly selection: Selection;
  /** Whether and for how long it stops reading. */
  readonly stalls: 'for good' | 'for a while' | 'never';
}

/** The close code for a `connection_init` that came too late. */
const INIT_TIMEOUT = '4408';

export class Churner {
  readonly #options: ChurnerOptions;
  #witness: ItemsWitness | ChangesWitness;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #close: () => void = () => {};
  #socket: { pause(): unknown; resume(): unknown } | undefined;
  #isStalled = false;
  /** Whether it has stalled since it joined: the server may then have taken it for dead. */
  #hasStalled = false;
  #isSettled = false;
  #isOver = false;

  constructor(options: ChurnerOptions) {
    this.#options = options;
    this.#witness = this.#newWitness();
  }

  #newWitness(): ItemsWitness | ChangesWitness {
    const { name, ledger, selection, kind } = this.#options;
    return kind === 'items' ? new ItemsWitness(name, ledger, selection) : new ChangesWitness(name, ledger, selection);
  }

  get name(): string {
    return this.#options.name;
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  isComplete(): boolean {
    return this.#witness.isComplete();
  }

  join(): void {
    if (this.#isOver) return;
    const { tally, kind, selection, transport } = this.#options;
    const { cursor } = this.#witness;
    if (cursor === undefined) tally.joins++;
    else tally.resumes++;
    const variables = { after: cursor, filter: selection.filter };
    const payload = { query: DOCUMENTS[kind], variables };
    if (transport === 'websocket') this.#joinByWebSocket(payload);
    else this.#joinBySse(payload);
    this.#isStalled = false;
    this.#hasStalled = false;
    if (!this.#isSettled) this.#timer = setTimeout(() => this.#act(), 500 + Math.random() * MAX_ACT_MS);
  }

  /** Stops acting: it is not cut any more, and resumes reading if it stalls. */
  settle(): void {
    clearTimeout(this.#timer);
    if (this.#isStalled) this.#socket?.resume();
    this.#isStalled = false;
    this.#isSettled = true;
  }

  leave(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#close();
  }

  #act(): void {
    const { stalls } = this.#options;
    if (this.#isStalled) {
      // It must now receive what it has missed.
      this.#isStalled = false;
      this.#socket?.resume();
      this.#timer = setTimeout(() => this.#act(), 15_000);
    } else if (stalls !== 'never' && Math.random() < 0.8) {
      this.#isStalled = true;
      this.#hasStalled = true;
      this.#socket?.pause();
      if (stalls === 'for a while') this.#timer = setTimeout(() => this.#act(), 2000 + Math.random() * 15_000);
    } else {
      if (Math.random() < 0.4) this.#witness = this.#newWitness();
      else this.#witness.resume();
      this.#close();
      setTimeout(() => this.join(), Math.random() * 500);
    }
  }

  /** The connection has ended, and not by this side. */
  #ended(why: string): void {
    const { tally, name, ledger } = this.#options;
    if (this.#isOver) return;
    clearTimeout(this.#timer);
    // A late `connection_init` is this side's fault: one turn of its event loop may take seconds while all subscribers join.
    if (!this.#hasStalled && why !== INIT_TIMEOUT) {
      tally.ended++;
      ledger.say(name, `was ended by the server: ${why}`);
    }
    this.#witness.resume();
    this.#timer = setTimeout(() => this.join(), 500);
  }

  #take(json: string): void {
    const delivered = JSON.parse(json) as Delivered & { readonly payload?: Delivered | readonly unknown[] };
    const { data, errors } = Array.isArray(delivered.payload)
      ? { errors: delivered.payload }
      : ((delivered.payload ?? delivered) as Delivered);
    if (errors) return this.#options.ledger.say(this.#options.name, `ended with ${JSON.stringify(errors)}`);
    this.#options.tally.deliveries++;
    if (data?.items && this.#witness instanceof ItemsWitness) this.#witness.take(data.items);
    if (data?.itemChanges && this.#witness instanceof ChangesWitness) this.#witness.take(data.itemChanges);
  }

  #joinByWebSocket(payload: object): void {
    let [isOpen, hasLeft] = [false, false];
    const light = lightSocket({
      port: this.#options.port,
      onOpen: () => light.send('{"type":"connection_init"}'),
      onMessage: (message) => {
        if (hasLeft) return;
        if (isOpen) return this.#take(message.toString());
        isOpen = true;
        light.send(JSON.stringify({ type: 'subscribe', id: '1', payload }));
      },
      onClose: (reason) => {
        if (!hasLeft) this.#ended(String(reason));
      },
    });
    this.#socket = light.socket;
    this.#close = leaving(light.socket, () => (hasLeft = true));
  }

  #joinBySse(payload: object): void {
    let hasLeft = false;
    let text = '';
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
    const options = { port: this.#options.port, path: '/graphql', method: 'POST', headers, agent: false };
    const sent = request({ host: '127.0.0.1', ...options }, (response: IncomingMessage) => {
      this.#socket = response;
      response.setEncoding('utf8').on('data', (chunk: string) => {
        if (hasLeft) return;
        const lines = (text + chunk).split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) if (line.startsWith('data: ')) this.#take(line.slice(6));
      });
    });
    sent.on('error', () => {});
    sent.once('close', () => {
      if (!hasLeft) this.#ended('the stream has ended');
    });
    sent.end(JSON.stringify(payload));
    this.#socket = undefined;
    this.#close = () => {
      hasLeft = true;
      sent.destroy();
    };
  }
}

interface Delivered {
  readonly data?: { readonly items?: Entry; readonly itemChanges?: Changes };
  readonly errors?: unknown;
}

/** Leaves politely in half of the cases and without a word in the others. */
function leaving(socket: Socket, onLeave: () => void): () => void {
  return () => {
    onLeave();
    if (Math.random() < 0.5) socket.end();
    else socket.destroy();
    setTimeout(() => socket.destroy(), 1000).unref();
    socket.resume();
  };
}
