import { createPubSub, type PubSub, Repeater } from '@graphql-yoga/subscription';
import type { Place } from '../model/position.ts';

/** `head`: the newest applied place has moved. The changes themselves wait in the window, so no subscriber owns a queue. */
// A type, not an interface: Yoga's pub-sub asks for an index signature, which only types have.
export type Topics = { head: [head: Place] };

type Listener = ((event: Event) => void) | { handleEvent(event: Event): void };

/**
 * The event target below the Yoga pub-sub: a Map of Sets. A listener that throws neither keeps the others from hearing nor
 * reaches the publisher. (`pubSub.subscribe` makes a Repeater, which throws in its listener once a slow reader has 1,024
 * pending events; so the map's own subscribers listen here directly.)
 */
export class HeadTarget {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #onError: (error: unknown) => void;
  /** Whether the map is closed: the head moves no more. */
  isClosed = false;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
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
}

/** The topic of what ends subscriptions of the pub-sub. */
const CLOSED = 'closed';

export function createHeadPubSub(eventTarget: HeadTarget): PubSub<Topics> {
  const pubSub = createPubSub<Topics>({ eventTarget: eventTarget as EventTarget });
  return {
    publish: pubSub.publish,
    // As Yoga's, but that it ends when the map is closed.
    subscribe: ((topic: string) =>
      new Repeater<Place>(async (push, stop) => {
        const hear = (event: Event): void => void push((event as CustomEvent<Place>).detail);
        const end = (): void => stop();
        // A Repeater runs this at its first `next()`.
        if (eventTarget.isClosed) return end();
        eventTarget.addEventListener(topic, hear);
        eventTarget.addEventListener(CLOSED, end);
        await stop;
        eventTarget.removeEventListener(topic, hear);
        eventTarget.removeEventListener(CLOSED, end);
      })) as PubSub<Topics>['subscribe'],
  };
}

/** Ends the pub-sub's subscriptions, also those that nobody has iterated over yet. */
export function endSubscriptions(eventTarget: HeadTarget): void {
  eventTarget.isClosed = true;
  eventTarget.dispatchEvent(new Event(CLOSED));
}
