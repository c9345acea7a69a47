/** Runs and records one subscription of a reader, from its start to its end. */
import { retryUntilAnswered } from '../client/requests.ts';
import type { Feed, FeedRequest, Sink } from '../client/feed.ts';
import type { ChangesHistory, ChangesMessage, Delivery, End, Filter, ItemsHistory } from '../check/history.ts';
import type { Round } from './round.ts';
import type { DeliveredChanges } from './subject.ts';
import { feedOverSse } from '../client/sse.ts';
import { feedOverWebSocket } from '../client/websocket.ts';

/** The plan of one subscription. */
export interface Segment {
  readonly kind: 'items' | 'itemChanges';
  readonly transport: 'websocket' | 'sse';
  readonly filter: Filter | null;
  readonly limit: number | null;
  readonly onLag: 'CONFLATE' | 'FAIL';
  readonly after: string | null;
  readonly resumedFrom: string | null;
  readonly resumeBy: 'argument' | 'extension' | 'lastEventId';
  readonly lastEventId: string | undefined;
  readonly stalls: readonly { readonly afterMs: number; readonly forMs: number }[];
  readonly cut: { readonly afterMs?: number; readonly afterDeliveries?: number | undefined };
  readonly expectedError?: string | undefined;
}

export interface RecordedSegment {
  /** Undefined when the round has failed. */
  readonly history: ItemsHistory | ChangesHistory | undefined;
  /** Whether it received everything that it had to receive. */
  readonly isDone: boolean;
  readonly lastEventId: string | undefined;
}

export async function runSegment(round: Round, segment: Segment): Promise<RecordedSegment> {
  return new SegmentRun(round, segment).run();
}

class SegmentRun {
  readonly #round: Round;
  readonly #segment: Segment;
  readonly #deliveries: Delivery[] = [];
  readonly #messages: ChangesMessage[] = [];
  readonly #ended = Promise.withResolvers<End | undefined>();
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  #feed: Feed | undefined;
  #count = 0;
  #isOver = false;
  #isDone = false;
  #isStalled = false;
  #lastEventId: string | undefined;
  #progressAt = performance.now();

  constructor(round: Round, segment: Segment) {
    this.#round = round;
    this.#segment = segment;
    this.#lastEventId = segment.lastEventId;
  }

  async run(): Promise<RecordedSegment> {
    const { kind, transport, filter, limit, onLag, after, resumedFrom, expectedError, stalls, cut } = this.#segment;
    const startedAt = performance.now();
    const sink: Sink = {
      next: (result, id) => this.#next(result.data, id),
      end: (ending) => this.#finish(ending.kind === 'lost' ? { kind: 'cut' } : ending),
    };
    const open = transport === 'sse' ? feedOverSse : feedOverWebSocket;
    this.#feed = await retryUntilAnswered(
      () => open(this.#round.context.nextNode(), this.#request(), sink),
      this.#round.timeoutMs,
    );
    if (this.#isOver) this.#feed.cut();
    for (const { afterMs, forMs } of stalls) this.#later(afterMs, () => this.#stall(forMs));
    if (cut.afterMs !== undefined) this.#later(cut.afterMs, () => this.#cutUnlessEnding());
    this.#timers.push(setInterval(() => this.#watch(), 500));
    const onFailure = (): void => this.#finish(undefined);
    this.#round.failed.addEventListener('abort', onFailure);
    void this.#round.ended.then(() => this.#checkDone());
    const end = await this.#ended.promise;
    this.#round.failed.removeEventListener('abort', onFailure);
    for (const timer of this.#timers) clearTimeout(timer);
    const isDone = this.#isDone;
    if (!end) return { history: undefined, isDone, lastEventId: undefined };
    const id = this.#round.nextId(kind);
    const shared = { id, transport, filter, startedAt, after, resumedFrom, end };
    const history: ItemsHistory | ChangesHistory =
      kind === 'items'
        ? { ...shared, kind, limit, onLag, deliveries: this.#deliveries, expectedError }
        : { ...shared, kind, messages: this.#messages };
    this.#round.histories.push(history);
    return { history, isDone, lastEventId: this.#lastEventId };
  }

  #request(): FeedRequest {
    const { kind, limit, onLag, after, transport, resumeBy, lastEventId } = this.#segment;
    const { hasValueFilters, subject } = this.#round.context;
    const filter = subject.filterVariable(this.#segment.filter);
    const byId = resumeBy === 'lastEventId' && transport === 'sse' && lastEventId !== undefined;
    const byExtension = !byId && after !== null && resumeBy === 'extension';
    const argument = byId || byExtension ? null : after;
    const variables = kind === 'items' ? { limit, filter, onLag, after: argument } : { filter, after: argument };
    return {
      query:
        kind === 'items'
          ? String(subject.documents.items)
          : changesDocument(String(subject.documents.changes), hasValueFilters),
      variables,
      ...(byExtension && { extensions: { after } }),
      ...(byId && { lastEventId }),
    };
  }

  #next(answer: unknown, id: string | undefined): void {
    if (this.#isOver) return;
    const receivedAt = performance.now();
    this.#progressAt = receivedAt;
    this.#lastEventId = id;
    this.#record(answer as { items: object; itemChanges: DeliveredChanges }, receivedAt);
    const message = this.#messages.at(-1);
    const count = message ? message.upserted.length + message.removed.length : 1;
    this.#count += count;
    this.#round.deliveries += count;
    this.#checkDone();
    if (this.#count >= (this.#segment.cut.afterDeliveries ?? Infinity)) this.#cutUnlessEnding();
  }

  #record({ items, itemChanges }: { items: object; itemChanges: DeliveredChanges }, receivedAt: number): void {
    const { entryOf } = this.#round.context.subject;
    if (this.#segment.kind === 'items') this.#deliveries.push({ ...entryOf(items), receivedAt });
    else this.#messages.push({ ...itemChanges, upserted: itemChanges.upserted.map(entryOf), receivedAt });
  }

  /** At the end of a round readers stay until they have the marker. */
  #cutUnlessEnding(): void {
    if (!this.#round.marker && !this.#awaitsEnd) this.#finish({ kind: 'cut' });
  }

  /** Whether the server must end it: with `complete` at its limit, or with an error. */
  get #awaitsEnd(): boolean {
    const { limit, expectedError } = this.#segment;
    return expectedError !== undefined || (limit !== null && this.#deliveries.length >= limit);
  }

  #checkDone(): void {
    if (!this.#round.marker || this.#isOver || this.#awaitsEnd) return;
    const last = this.#messages.at(-1) ?? this.#deliveries.at(-1);
    const cursor = last?.cursor ?? this.#segment.after ?? '';
    const isCaughtUp = this.#segment.kind === 'items' || this.#messages.at(-1)?.caughtUp === true;
    this.#isDone = isCaughtUp && cursor >= this.#round.lastFor(this.#segment.filter);
    if (this.#isDone) this.#finish({ kind: 'cut' });
  }

  #watch(): void {
    if (this.#isStalled || performance.now() - this.#progressAt < this.#round.timeoutMs) return;
    const isFirst = this.#segment.kind === 'itemChanges' && this.#messages.length === 0;
    if (this.#awaitsEnd) this.#finish({ kind: 'overdue', awaited: 'complete' });
    else if (isFirst) this.#finish({ kind: 'overdue', awaited: 'first' });
    else if (this.#round.marker) this.#finish({ kind: 'overdue', awaited: 'marker' });
  }

  #stall(forMs: number): void {
    this.#isStalled = true;
    this.#feed?.stall();
    this.#later(forMs, () => {
      this.#isStalled = false;
      this.#progressAt = performance.now();
      this.#feed?.resume();
    });
  }

  #later(ms: number, act: () => void): void {
    this.#timers.push(setTimeout(() => !this.#isOver && act(), ms));
  }

  #finish(end: End | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#feed?.cut();
    this.#ended.resolve(end);
  }
}

/** A server without filters on values does not have `follows` either. */
function changesDocument(document: string, hasFollows: boolean): string {
  return hasFollows ? document : document.replace(/^\s*follows$/m, '');
}
