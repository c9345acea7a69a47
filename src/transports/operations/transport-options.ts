import type { DeliveryScheduler } from '../../core/subscriptions/scheduler.ts';
import type { Source } from '../../core/subscriptions/items.ts';
import type { FanOut } from '../../fanout/fan-out.ts';
import type { RequestLog } from '../observability/request-log.ts';
import type { Admit } from '../protocol/admission.ts';
import type { Heartbeat } from '../protocol/heartbeat.ts';
import type { TrustedDocument } from '../protocol/trusted-documents.ts';
import type { UnreadAnswers } from '../answers/unread-answers.ts';
import type { FastInserts } from './fast-insert.ts';
import type { LongBodies } from '../incoming/long-bodies.ts';
import type { Turns } from '../protocol/turns.ts';

/** The parts and options that the transports of one server share. */
export interface TransportOptions {
  /** Of everything that is delivered and read in slices. */
  readonly scheduler: DeliveryScheduler;
  readonly admit: Admit;
  /** Bytes of a WebSocket message, and of an HTTP body. */
  readonly maxMessageBytes: number;
  readonly heartbeat: Heartbeat;
  /** Undefined: any document runs. */
  readonly trust: TrustedDocument | undefined;
  readonly requestLog: RequestLog;
  /** The fan-out of a map. Undefined: every subscription has a generator of its own. */
  readonly fanOutOf: ((source: Source<unknown>) => FanOut) | undefined;
  readonly fastInserts: FastInserts;
  /** Names of the fields whose values may be as long as what was sent. */
  readonly valueFields: ReadonlySet<string>;
  /** Asked before a long message is read, before an operation is parsed, and before it is executed. */
  readonly turns: Turns;
  readonly longBodies: LongBodies;
  readonly answers: UnreadAnswers;
}
