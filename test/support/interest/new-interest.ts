import { Interest } from '../../../src/core/interest/interest.ts';
import { ORIGIN } from '../../../src/core/model/position.ts';

/** Interest in an empty map. */
export function newInterest(): Interest {
  const items = { get: () => undefined, index: { from: () => [] } };
  const later = (slice: (isOver: () => boolean) => void): void => void setImmediate(() => slice(() => false));
  return new Interest({ shown: () => ({ head: ORIGIN, items }), deferSums: later, deferLate: later });
}
