/** What a run asks the servers before its rounds. */
import type { ServerAddress } from '../../http-client/http-client.ts';
import { codeOf, type NextNode, NoAnswerError, request, UnreachableError } from '../client/requests.ts';
import type { RunContext } from './round.ts';
import type { Status, Subject } from './subject.ts';

/** In a larger map readers without a filter would only ever read its snapshot, so there are none. */
const CROWDED = 20_000;

type Nodes = readonly [ServerAddress, ...ServerAddress[]];
type Given = Pick<RunContext, 'nextNode' | 'subject' | 'timeoutMs'>;

/**
 * @throws UnreachableError when no node answers
 * @throws Error when the nodes do not share a log
 */
export async function contextOf(nodes: Nodes, given: Given): Promise<RunContext> {
  const { subject } = given;
  const { epoch, window, size } = await streamStatus(nodes, subject, given.nextNode);
  const answers = await Promise.allSettled(nodes.map((node) => request(node, subject.documents.stream, {})));
  const foreign = answers.findIndex(
    (answer) => answer.status === 'fulfilled' && (answer.value.data?.stream.epoch ?? epoch) !== epoch,
  );
  const url = nodes[foreign]?.url;
  if (url !== undefined) throw new Error(`${url} has another log than the other nodes: pass nodes of one log`);
  const refusals = await Promise.allSettled(nodes.map((node) => refusesWhere(node, subject)));
  return {
    ...given,
    window,
    hidesSize: size === null,
    isCrowded: (size ?? 0) > CROWDED,
    hasValueFilters: !refusals.some((refusal) => refusal.status === 'fulfilled' && refusal.value),
  };
}

/** Asked by a document that the readers need anyway, because a server may refuse introspection and documents that it does not know. */
async function refusesWhere(node: ServerAddress, { documents }: Subject): Promise<boolean> {
  const code = codeOf(await request(node, documents.page, { first: 1, filter: { where: {} } }));
  return code === 'BAD_USER_INPUT' || code === 'GRAPHQL_VALIDATION_FAILED';
}

/** The stream's status by any node: some of them may be away. @throws UnreachableError when no node answers */
export async function streamStatus(nodes: Nodes, { documents }: Subject, nextNode: NextNode): Promise<Status> {
  for (let attempts = 1; ; attempts++) {
    const node = nextNode();
    try {
      const { data, errors } = await request(node, documents.stream, {});
      if (data?.stream) return data.stream;
      const reason = errors?.[0]?.message ?? 'no answer';
      throw new UnreachableError(`${node.url} refuses the query of its status: ${reason}`);
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      if (attempts >= nodes.length) throw new UnreachableError(`cannot reach ${node.url}: ${error.message}`);
    }
  }
}
