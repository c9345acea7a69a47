/**
 * Runs readers of a round, one after the other. Each joins at a random moment, is stalled and cut, resumes by cursor, and leaves. At the end
 * of the round the last one stays until it has received the marker.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, NoAnswerError, request, retryUntilAnswered } from '../client/requests.ts';
import type { Dice } from './dice.ts';
import type { Filter, Page, PagesHistory } from '../check/history.ts';
import type { Round } from './round.ts';
import { runSegment, type Segment } from './segment.ts';

/** Where a subscription starts. */
type Start = Pick<Segment, 'after' | 'resumedFrom' | 'limit' | 'lastEventId'>;

/** How long a reader is away before it resumes, in ms: often not at all, sometimes so long that it missed several messages. */
const AWAY_MS = [0, 0, 0, 0, 300, 300, 300, 2500];

const AT_HEAD: Start = { after: null, resumedFrom: null, limit: null, lastEventId: undefined };

/** The first readers begin with mirrors of each kind of filter on values. */
export async function runReader(round: Round, dice: Dice, index: number): Promise<void> {
  const { hasValueFilters, subject } = round.context;
  const { runPrefix, whereKinds } = subject;
  const where = hasValueFilters ? whereKinds[index]?.(dice) : undefined;
  if (where) await chain(round, dice, { kind: 'itemChanges', filter: { keyPrefix: runPrefix, where }, ...AT_HEAD });
  while (!round.marker && !round.failed.aborted) {
    await delay(dice.between(0, 150));
    const kind = dice.next();
    const filter = round.filter(dice);
    if (kind < 0.04) await probe(round, dice);
    else if (kind < 0.12) await browse(round, dice, filter);
    else if (kind < 0.22) await queryThenSubscribe(round, dice, filter);
    else if (kind < 0.58) await chain(round, dice, { kind: 'itemChanges', filter, ...AT_HEAD });
    else {
      const limit = dice.chance(0.4) ? dice.between(1, 2500) : null;
      await chain(round, dice, { kind: 'items', filter, ...AT_HEAD, limit });
    }
  }
}

/** Subscribes with arguments that are wrong or ask for nothing. */
async function probe(round: Round, dice: Dice): Promise<void> {
  const expected = dice.pick([
    { limit: -1, after: null, expectedError: 'BAD_USER_INPUT' },
    { limit: null, after: 'no cursor', expectedError: 'BAD_USER_INPUT' },
    { limit: 0, after: null, expectedError: undefined },
  ]);
  await runSegment(round, {
    ...segmentChances(dice, 1),
    ...expected,
    kind: 'items',
    filter: null,
    resumedFrom: null,
    lastEventId: undefined,
  });
}

/** Reads as a browser's `EventSource` does: it resumes by `Last-Event-ID` alone until its limit is reached. */
async function browse(round: Round, dice: Dice, filter: Filter | null): Promise<void> {
  const limit = dice.between(2, 60);
  const like = { transport: 'sse', resumeBy: 'lastEventId', cut: { afterDeliveries: Math.ceil(limit / 3) } } as const;
  await chain(round, dice, { kind: 'items', filter, ...AT_HEAD, limit }, like);
}

function segmentChances(
  dice: Dice,
  limit: number,
): Pick<Segment, 'transport' | 'onLag' | 'resumeBy' | 'stalls' | 'cut'> {
  return {
    transport: dice.chance(0.5) ? 'websocket' : 'sse',
    onLag: dice.chance(0.5) ? 'FAIL' : 'CONFLATE',
    resumeBy: dice.pick(['argument', 'extension', 'lastEventId', 'lastEventId']),
    stalls: dice.chance(0.3) ? [{ afterMs: dice.between(0, 300), forMs: dice.between(50, 1000) }] : [],
    cut: dice.chance(0.6)
      ? { afterDeliveries: dice.between(1, limit) }
      : { afterMs: dice.between(0, 1200), afterDeliveries: dice.chance(0.2) ? 1 : undefined },
  };
}

/** One reader from joining to leaving, cut and resumed several times. */
async function chain(
  round: Round,
  dice: Dice,
  first: Start & Pick<Segment, 'kind' | 'filter'>,
  like: Partial<Segment> = {},
): Promise<void> {
  const { kind, filter } = first;
  let start: Start = first;
  // More segments make it likely that the limit is reached.
  const segments = first.limit === null ? dice.between(1, 4) : 6;
  const transport = dice.chance(0.5) ? 'websocket' : 'sse';
  for (let count = 1; ; count++) {
    const chances = segmentChances(dice, start.limit ?? 2500);
    // Mostly the same client comes back; sometimes another transport resumes.
    const segment = { ...chances, transport: dice.chance(0.8) ? transport : chances.transport, kind, filter };
    const { history, isDone, lastEventId } = await runSegment(round, { ...segment, ...like, ...start });
    if (!history || isDone || round.failed.aborted) return;
    const isLagged = history.end.kind === 'error' && history.end.code === 'LAGGED';
    if ((history.end.kind !== 'cut' && !isLagged) || (count >= segments && !round.marker)) return;
    const received = history.kind === 'items' ? history.deliveries : history.messages;
    const last = received.at(-1)?.cursor;
    const limit = start.limit === null ? null : start.limit - received.length;
    if (last !== undefined) start = { after: last, resumedFrom: history.id, limit, lastEventId };
    if (!round.marker) await Promise.race([delay(dice.pick(AWAY_MS) * dice.next()), round.ended]);
  }
}

async function queryThenSubscribe(round: Round, dice: Dice, filter: Filter | null): Promise<void> {
  const { documents, filterVariable, entryOf } = round.context.subject;
  const first = dice.between(20, 1000);
  const id = round.nextId('pages');
  const startedAt = performance.now();
  const page = async (after: string | null): Promise<Page> => {
    const { data, errors } = await retryUntilAnswered(async () => {
      const result = await request(round.context.nextNode(), documents.page, {
        first,
        after,
        filter: filterVariable(filter),
      });
      // The node does not know yet whether it is as far as the node of the previous page.
      const code = codeOf(result);
      if (code === 'ENGINE_UNAVAILABLE') throw new NoAnswerError('a page waits for the engine (ENGINE_UNAVAILABLE)');
      if (code === 'OVERLOADED') throw new NoAnswerError('a page waits for other answers to be read (OVERLOADED)');
      return result;
    }, round.timeoutMs);
    if (!data) throw new Error(`a query was refused: ${errors?.[0]?.message ?? 'no answer'}`);
    const { edges, pageInfo, cursor } = data.items;
    const items = edges.map(({ node }) => entryOf(node));
    round.deliveries += items.length;
    const rest = { hasNextPage: pageInfo.hasNextPage, endCursor: pageInfo.endCursor };
    return { after, first, items, ...rest, cursor, receivedAt: performance.now() };
  };
  const furtherPages = async (firstPage: Page): Promise<void> => {
    const pages = [firstPage];
    // A page that does not go on would be asked for again and again.
    const goesOn = ({ hasNextPage, endCursor, after }: Page): boolean =>
      hasNextPage && endCursor !== null && endCursor > (after ?? '');
    for (let last = firstPage; goesOn(last); pages.push(last)) last = await page(last.endCursor);
    const history: PagesHistory = { id, kind: 'pages', transport: 'http', filter, startedAt, pages };
    round.histories.push(history);
  };
  const firstPage = await page(null);
  const start = { ...AT_HEAD, after: firstPage.cursor, resumedFrom: id };
  await Promise.all([furtherPages(firstPage), chain(round, dice, { kind: 'items', filter, ...start })]);
}
