export { type Mirror, mirror, type TypedMirror } from './mirror.ts';
export type {
  ChangesIn,
  ChangesMessage,
  ChangesResult,
  ItemIn,
  MirrorDocument,
  MirrorOptions,
  OptionsFor,
  TypedDocument,
  UntypedChanges,
} from './mirror-document.ts';
export type {
  ItemChanges,
  MirrorSnapshot,
  MirrorState,
  MirrorStatus,
  MirrorUpdate,
  MirrorVariables,
  TypedSnapshot,
  TypedUpdate,
} from './mirror-snapshot.ts';
export type { ItemFilter, ValueFilter } from './item-filter.ts';
export { persistent } from './resuming/persistent.ts';
export type { MirroredItem } from './item-set.ts';
export {
  type ConnectionListener,
  type Payload,
  resumable,
  type ResumableOptions,
  type Result,
  type Sink,
  type SubscriptionClient,
} from './resuming/resumable.ts';
