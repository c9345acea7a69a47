/** Two ways to the same subscription inside the process: the fan-out with a fake socket, and a generator that the socket holds back. */
import { type DocumentNode, GraphQLError, type GraphQLSchema, parse } from 'graphql';
import { createSchema } from '../../../schema/index.ts';
import type { StreamRequest } from '../../../schema/request/context.ts';
import type { Item, ItemChanges, RemovalReason } from '../../../src/core/model/change.ts';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import { FanOut } from '../../../src/fanout/fan-out.ts';
import { MessageFraming } from '../../../src/fanout/framing.ts';
import { fanOutResults } from '../../../src/transports/operations/fan-out-results.ts';
import type { FakeSocket } from './fake-socket.ts';
import type { GivenFilter } from './filters.ts';

export type Kind = 'items' | 'changes';

export interface Plan {
  readonly kind: Kind;
  readonly filter: GivenFilter;
  readonly limit?: number | undefined;
  readonly onLag?: 'CONFLATE' | 'FAIL' | undefined;
  /** Two selections of the same fields in another order: two groups of the fan-out. */
  readonly selection?: 0 | 1 | undefined;
}

export interface DeliveredItem {
  readonly key: string;
  readonly value: unknown;
  readonly cursor: string;
}

export interface DeliveredRemoval {
  readonly key: string;
  readonly reason: RemovalReason;
  readonly cursor: string;
}

export interface DeliveredChanges {
  readonly reset: boolean;
  readonly caughtUp: boolean;
  readonly cursor: string;
  readonly follows: string | null;
  readonly size: number | null;
  readonly checksum: string | null;
  readonly upserted: readonly DeliveredItem[];
  readonly removed: readonly DeliveredRemoval[];
}

export interface Listener {
  receive(delivered: DeliveredItem | DeliveredChanges): void;
  /** Called once. Undefined: the subscription has completed. */
  end(error?: unknown): void;
}

/** An open subscription. */
export interface Opened {
  leave(): void;
}

export interface Asked extends Plan {
  readonly id: string;
  readonly socket: FakeSocket;
  readonly after?: string | undefined;
}

export type Door = (asked: Asked, listener: Listener) => Opened;

const MESSAGE = 'reset caughtUp cursor follows size checksum';

/** The schema and the documents, which all maps share. */
export class Doors {
  readonly #schema: GraphQLSchema = createSchema();
  readonly #documents: Readonly<Record<Kind, readonly DocumentNode[]>> = {
    items: ['key value cursor', 'cursor id key value'].map((fields) => parse(`subscription { items { ${fields} } }`)),
    changes: [
      `${MESSAGE} upserted { key value cursor } removed { key reason cursor }`,
      `removed { cursor reason key } upserted { cursor value key } ${MESSAGE}`,
    ].map((fields) => parse(`subscription { itemChanges { ${fields} } }`)),
  };

  fanOut(map: StreamingMap): Door {
    const { source } = map;
    const fanOut = new FanOut({ schema: this.#schema, source, format: JSON.stringify });
    return (asked, listener) => {
      const { id, kind, socket, selection = 0 } = asked;
      const wanted = { cursors: false, remaining: false };
      const accepted: StreamRequest =
        kind === 'items'
          ? { kind: 'items', request: map.itemsRequest({ ...asked, onClose: 'FAIL' }) }
          : { kind: 'itemChanges', request: map.changesRequest({ ...asked, onClose: 'FAIL' }) };
      const document = this.#documents[kind][selection];
      if (!document) throw new Error(`no selection ${selection}`);
      const fanOutRequest = { operation: { document }, accepted };
      socket.receivers.set(id, (payload) => {
        const { data } = payload as { data: Readonly<Record<string, DeliveredItem | DeliveredChanges>> };
        const [delivered] = Object.values(data);
        if (delivered) listener.receive(delivered);
      });
      let isOver = false;
      let failure: unknown;
      const results = fanOutResults({
        fanOut,
        context: { ...wanted, delivery: {}, isResumed: false, fanOutRequest },
        outlet: socket.outlet,
        framing: new MessageFraming(id, wanted),
        fail(error) {
          failure = error;
          return { errors: [new GraphQLError(String(error))] };
        },
      });
      if (!results) throw new Error('the fan-out does not deliver it');
      // Not at once: what has been gathered before the end is written after this call.
      void results.next().then(() => {
        if (isOver) return;
        isOver = true;
        socket.receivers.delete(id);
        listener.end(failure);
      });
      return {
        leave() {
          isOver = true;
          socket.receivers.delete(id);
          void results.return();
        },
      };
    };
  }

  generators(map: StreamingMap): Door {
    return ({ kind, socket, ...asked }, listener) => {
      const options = { ...asked, onClose: 'FAIL' as const };
      const generator: AsyncGenerator<Item<unknown> | ItemChanges<unknown>, void, void> =
        kind === 'items' ? map.items(options) : map.changes(options);
      let hasLeft = false;
      const run = async (): Promise<void> => {
        // The first request starts the subscription, as a client does whose socket fills up later.
        for (let isStarted = false; ; isStarted = true) {
          if (isStarted && socket.isFull) await socket.drained();
          if (hasLeft) return;
          const { value, done } = await generator.next();
          if (hasLeft) return;
          if (done === true) return listener.end();
          listener.receive(value);
          socket.took();
        }
      };
      run().catch((error: unknown) => hasLeft || listener.end(error));
      return {
        leave() {
          hasLeft = true;
          void generator.return();
        },
      };
    };
  }
}
