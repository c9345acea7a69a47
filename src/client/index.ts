export {
  type ItemChanges,
  type Mirror,
  mirror,
  type MirrorSnapshot,
  type MirrorState,
  type MirrorUpdate,
  type MirrorVariables,
} from './mirror.ts';
export { persistent } from './persistent.ts';
export type { MirroredItem } from './item-set.ts';
export {
  type Payload,
  resumable,
  type ResumableOptions,
  type Result,
  type Sink,
  type SubscriptionClient,
} from './resumable.ts';
