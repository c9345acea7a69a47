/** The GraphQL types that all streams of a builder share, each added when a stream first needs it. */
import type { InputRef, ObjectRef } from '@pothos/core';
import type { RemovalReason, RemovedItem } from '../../src/core/model/change.ts';
import { OperationStates } from '../request/own-operation.ts';
import { addItemFilter, addMissingJson } from './filter-inputs.ts';
import type { StreamBuilder, StreamTypes } from './stream-builder.ts';

/** Marks fields whose resolvers depend only on what they resolve, so the result can be rendered once for all callers. */
export const CALLER_INDEPENDENT = { seamline: { ours: true } };

const REASONS: Readonly<Record<RemovalReason, { description: string }>> = {
  REMOVED: { description: 'Removed by a mutation, or no longer visible to the caller.' },
  EXPIRED: { description: 'Its time to live has passed.' },
  EVICTED: { description: 'The map was full, and this was its oldest item.' },
  UNMATCHED: { description: 'It is in the map, and its value no longer matches the filter’s `where`.' },
};

/** Stored on the builder itself, so that each builder has its own. */
const SHARED = Symbol.for('seamline.shared-types');

/** `dateTime`: whether times are of the scalar DateTime, which takes a Date. Otherwise they are strings. */
export function sharedTypes(builder: StreamBuilder, dateTime = false): SharedTypes {
  const holder = builder as { [SHARED]?: SharedTypes };
  return (holder[SHARED] ??= new SharedTypes(builder, dateTime));
}

export interface StreamStatus {
  readonly epoch: string;
  readonly cursor: string;
  readonly size: number | null;
  readonly checksum: string | null;
  readonly window: number;
  readonly engine: string;
}

/** As the relay plugin of Pothos has it. */
export interface PageBounds {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null | undefined;
  readonly endCursor: string | null | undefined;
}

export class SharedTypes {
  /** What the streams keep of the operations that run. */
  readonly operations = new OperationStates();
  readonly #builder: StreamBuilder;
  readonly #dateTime: boolean;
  readonly #removed = new Map<string, ObjectRef<StreamTypes, RemovedItem>>();
  #onLag: ReturnType<typeof addOnLag> | undefined;
  #reason: ReturnType<typeof addRemovalReason> | undefined;
  #filter: InputRef | undefined;
  #status: ObjectRef<StreamTypes, StreamStatus> | undefined;
  #pageInfo: ObjectRef<StreamTypes, PageBounds> | undefined;

  constructor(builder: StreamBuilder, dateTime: boolean) {
    this.#builder = builder;
    this.#dateTime = dateTime;
  }

  get onLag() {
    return (this.#onLag ??= addOnLag(this.#builder));
  }

  /** `ItemFilter` */
  get filter(): InputRef {
    if (this.#filter) return this.#filter;
    // Before the filter: when the schema is built, Pothos prepares the types in the order in which they were added.
    addMissingJson(this.#builder);
    return (this.#filter = addItemFilter(this.#builder));
  }

  /** `StreamStatus`. `name`: of the type that the stream holds. */
  statusOf(name: string): ObjectRef<StreamTypes, StreamStatus> {
    return (this.#status ??= addStreamStatus(this.#builder, name));
  }

  get pageInfo(): ObjectRef<StreamTypes, PageBounds> {
    // The relay plugin adds a type of that name.
    const { pageInfoRef } = this.#builder as { pageInfoRef?: () => unknown };
    const theirs = pageInfoRef?.call(this.#builder) as ObjectRef<StreamTypes, PageBounds> | undefined;
    return (this.#pageInfo ??= theirs ?? addPageInfo(this.#builder));
  }

  /** `Removed<name>` */
  removed(name: string): ObjectRef<StreamTypes, RemovedItem> {
    let type = this.#removed.get(name);
    if (!type) this.#removed.set(name, (type = this.#addRemoved(name)));
    return type;
  }

  #addRemoved(name: string): ObjectRef<StreamTypes, RemovedItem> {
    const reason = (this.#reason ??= addRemovalReason(this.#builder));
    return this.#builder.objectRef<RemovedItem>(`Removed${name}`).implement({
      description: `A removed ${name}, and why it left the map.`,
      fields: (t) => ({
        key: t.exposeID('key', { nullable: false, description: 'The key that was removed.' }),
        reason: t.expose('reason', { type: reason, nullable: false, description: 'Why it left the map.' }),
        timestamp: t.field({
          type: (this.#dateTime ? 'DateTime' : 'String') as 'String',
          nullable: false,
          description: 'When it left the map: RFC 3339, in UTC, with milliseconds.',
          extensions: CALLER_INDEPENDENT,
          resolve: ({ timestamp }) => {
            const date = new Date(timestamp);
            return this.#dateTime ? (date as never) : date.toISOString();
          },
        }),
        cursor: t.exposeString('cursor', {
          nullable: false,
          description: 'The position of the removal in the stream.',
        }),
      }),
    });
  }
}

const addRemovalReason = (builder: StreamBuilder) =>
  builder.enumType('RemovalReason', { description: 'Why an item left the map.', values: REASONS });

const addOnLag = (builder: StreamBuilder) =>
  builder.enumType('OnLag', {
    description: 'What happens to a subscriber that is slower than the window of single changes.',
    values: {
      CONFLATE: { description: 'Continues with the current items: no key is lost, only intermediate values.' },
      FAIL: { description: 'Ends the subscription with LAGGED.' },
    } as const,
  });

function addStreamStatus(builder: StreamBuilder, name: string) {
  // Streams of other types share the type of the status.
  const changes = name === 'Item' ? 'ItemChanges' : '…Changes';
  return builder.objectRef<StreamStatus>('StreamStatus').implement({
    description: 'The state of the stream on this node.',
    fields: (t) => ({
      epoch: t.exposeString('epoch', {
        nullable: false,
        description: 'The identity of the log. Cursors of different epochs can’t be compared.',
      }),
      cursor: t.exposeString('cursor', { nullable: false, description: 'The cursor of the newest position.' }),
      size: t.exposeInt('size', {
        nullable: true,
        description: 'The number of items in the map; null if the caller’s token has a key prefix.',
      }),
      checksum: t.exposeString('checksum', {
        nullable: true,
        description: `The checksum, as in \`${changes}\`; null if the caller’s token has a key prefix.`,
      }),
      window: t.exposeInt('window', {
        nullable: false,
        description: 'The number of newest changes that are kept one by one.',
      }),
      engine: t.exposeString('engine', {
        nullable: false,
        description: 'The engine that keeps the log: memory, file, nats, redis or postgres.',
      }),
    }),
  });
}

function addPageInfo(builder: StreamBuilder) {
  return builder.objectRef<PageBounds>('PageInfo').implement({
    description: 'The boundaries of a page.',
    fields: (t) => ({
      hasNextPage: t.exposeBoolean('hasNextPage', {
        nullable: false,
        description:
          'Whether newer items may follow this page. With `where` a page may have fewer than `first` items and be followed by more.',
      }),
      hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
        nullable: false,
        description: 'Whether the item at `after` still precedes this page.',
      }),
      startCursor: t.exposeString('startCursor', { nullable: true, description: 'The cursor of the first item.' }),
      endCursor: t.exposeString('endCursor', {
        nullable: true,
        description:
          'The cursor of the last item, or of the last one that was looked at for `where`: pass it as `after` to get the next page.',
      }),
    }),
  });
}
