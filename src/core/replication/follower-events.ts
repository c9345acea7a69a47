import type { Place } from '../model/position.ts';
import type { OnChange } from '../replica/replica.ts';

/** What a follower tells of the replica that is shown. Each is called in the synchronous block that applies, and must not throw. */
export interface FollowerEvents {
  /** Called with each change, while it is applied. */
  readonly onChange: OnChange;
  /** Called when the head has moved. `window`: how many positions it reaches back. */
  readonly onHead: (head: Place, window: number) => void;
  /** Called when another replica is shown. `before`: the head of the previous one. */
  readonly onShown: (head: Place, before: Place) => void;
}
