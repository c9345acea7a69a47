import { GRAPHQL_TRANSPORT_WS_PROTOCOL, handleProtocols } from 'graphql-ws';

/**
 * A client of another subprotocol gets what it offers, and a close frame with the reason: a browser shows no reason when its subprotocol is
 * refused. Most of these are clients of the older `graphql-ws` protocol (subscriptions-transport-ws).
 */
export function chosenOf(protocols: Set<string>): string | false {
  const [first] = protocols;
  return handleProtocols(protocols) || (first ?? false);
}

/** Of a subprotocol. */
const MAX_SHOWN = 40;

/** Why a socket with this subprotocol is closed; undefined if it isn't. */
export function refusalOf(protocol: string): string | undefined {
  if (protocol === GRAPHQL_TRANSPORT_WS_PROTOCOL) return undefined;
  const offered = protocol.slice(0, MAX_SHOWN);
  return `speak ${GRAPHQL_TRANSPORT_WS_PROTOCOL}${offered ? `, not ${offered}` : ': no subprotocol was offered'}`;
}
