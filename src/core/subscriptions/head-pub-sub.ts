/** The pub-sub of one map: it says that the head has moved. Subscriptions then read the changes from the window, so none owns a queue. */
import { createPubSub, type PubSub, Repeater } from '@graphql-yoga/subscription';
import type { Place } from '../model/position.ts';

/** `head`: the newest applied place has moved. */
// Yoga's pub-sub requires an index signature, which a type has and an interface lacks.
export type Topics = { head: [head: Place] };

type Listener = ((event: Event) => void) | { handleEvent(event: Event): void };

/**
 * The event target of the Yoga pub-sub: a Map of Sets. When a listener throws, the other listeners still run, and the publisher gets no
 * error. The map's own subscriptions listen here, not with `pubSub.subscribe`: its Repeater throws in its listener when a slow reader has
 * 1,024 pending events.
 */
export class HeadTarget {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #onError: (error: unknown) => void;
  /** Whether the map is closed: then the head does not move any more. */
  isClosed = false;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Whether anybody listens: an event costs as much as storing an item. */
  hasListeners(topic: string): boolean {
    return (this.#listeners.get(topic)?.size ?? 0) > 0;
  }

  addEventListener(topic: string, listener: Listener | null): void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    if (listener) this.#listeners.set(topic, listeners.add(listener));
  }

  removeEventListener(topic: string, listener: Listener | null): void {
    if (listener) this.#listeners.get(topic)?.delete(listener);
  }

  dispatchEvent(event: Event): boolean {
    for (const listener of this.#listeners.get(event.type) ?? []) {
      try {
        if (typeof listener === 'function') listener(event);
        else listener.handleEvent(event);
      } catch (error) {
        this.#onError(error);
      }
    }
    return true;
  }

  /** Ends the subscriptions of the pub-sub, including those that are iterated for the first time later. */
  close(): void {
    this.isClosed = true;
    this.dispatchEvent(new Event(CLOSED));
  }
}

/** The topic that ends subscriptions of the pub-sub. */
const CLOSED = 'closed';

export function createHeadPubSub(eventTarget: HeadTarget): PubSub<Topics> {
  const pubSub = createPubSub<Topics>({ eventTarget: eventTarget as EventTarget });
  return {
    publish: pubSub.publish,
    // Yoga's `subscribe`, but it ends when the map is closed.
    subscribe: ((topic: string) =>
      new Repeater<Place>(async (push, stop) => {
        const onEvent = (event: Event): void => void push((event as CustomEvent<Place>).detail);
        const end = (): void => stop();
        // A Repeater runs this at its first `next()`, which may come after the end.
        if (eventTarget.isClosed) return end();
        eventTarget.addEventListener(topic, onEvent);
        eventTarget.addEventListener(CLOSED, end);
        await stop;
        eventTarget.removeEventListener(topic, onEvent);
        eventTarget.removeEventListener(CLOSED, end);
      })) as PubSub<Topics>['subscribe'],
  };
}
