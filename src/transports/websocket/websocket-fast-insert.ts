/** The fast path of insertions over WebSocket, before graphql-ws, whose awaits cost more than the insertion. */
import type { Connection } from './connection.ts';
import { stringify } from '../protocol/errors.ts';
import type { OperationMessage } from '../protocol/operation-ids.ts';
import type { WebSocketOptions } from './websocket-options.ts';

/** Whether it has taken the message. Until the answer is sent the id is taken; a client that completes it gets no answer. */
export function fastInsert(
  { fastInserts, maxSubscriptions, requestLog, trust }: WebSocketOptions,
  connection: Connection,
  { id, payload }: OperationMessage,
): boolean {
  const { ids, caller, outlet } = connection;
  // Documents that are named by their hash are not known by their text.
  if (trust || !payload) return false;
  // graphql-ws waits until a full socket has drained, and its waiting answers count as subscriptions.
  if (outlet.isFull || connection.subscriptions + connection.inserting >= maxSubscriptions) return false;
  const answer = fastInserts.start(payload, caller, { ...connection.identity, id });
  if (!answer) return false;
  const name = ids.open(id);
  connection.inserting++;
  void answer.then((result) => {
    connection.inserting--;
    // The client may have completed it, and the id may be another operation's by now.
    if (!ids.isOpen(name)) return;
    ids.close(id);
    const isDone = typeof result === 'string';
    connection.sendResult(id, isDone ? result : stringify(result, requestLog.internal));
  });
  return true;
}
