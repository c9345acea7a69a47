/** Subscribes over server-sent events by `fetch`, in graphql-sse's distinct connections mode. */
import { errorEnding, type Feed, type FeedRequest, type Sink } from './feed.ts';
import { NoAnswerError } from './requests.ts';
import { headersOf, reasonOf, type Result, type ServerAddress } from '../../http-client/http-client.ts';

/** @throws NoAnswerError when there is no response */
export async function feedOverSse(
  address: ServerAddress,
  { lastEventId, ...payload }: FeedRequest,
  sink: Sink,
): Promise<Feed> {
  const cut = new AbortController();
  const headers = headersOf(address, 'text/event-stream');
  if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
  let response: Response;
  try {
    const body = JSON.stringify(payload);
    response = await fetch(address.url, { method: 'POST', headers, body, signal: cut.signal });
  } catch (error) {
    throw new NoAnswerError(reasonOf(error), { cause: error });
  }
  const gate = new Gate();
  void deliver(response, gate, cut.signal, sink);
  return { stall: () => gate.shut(), resume: () => gate.open(), cut: () => cut.abort() };
}

/** While it is shut nothing reads the body, so that the server meets backpressure. */
class Gate {
  #isOpen: Promise<void> | undefined;
  #open: () => void = () => {};

  shut(): void {
    this.#isOpen ??= new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#open();
    this.#isOpen = undefined;
  }

  async pass(): Promise<void> {
    await this.#isOpen;
  }
}

async function deliver(response: Response, gate: Gate, signal: AbortSignal, sink: Sink): Promise<void> {
  try {
    // The answer to a client that resumes a completed subscription.
    if (response.status === 204) return sink.end({ kind: 'complete' });
    if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
      return sink.end(errorEnding((await response.json()) as Result<unknown>));
    const parser = new Parser();
    for await (const chunk of response.body ?? []) {
      await gate.pass();
      for (const { type, id, text } of parser.events(chunk)) {
        if (signal.aborted) return;
        if (type === 'complete') return sink.end(parser.failed ?? { kind: 'complete' });
        if (type !== 'next') continue;
        const result = JSON.parse(text) as Result<unknown>;
        if (result.data || !result.errors) sink.next(result, id);
        else parser.failed = errorEnding(result);
      }
    }
    if (!signal.aborted) sink.end(parser.failed ?? { kind: 'lost', reason: 'the response ended without complete' });
  } catch (error) {
    if (!signal.aborted) sink.end({ kind: 'lost', reason: reasonOf(error) });
  }
}

interface ServerSentEvent {
  readonly type: string;
  readonly id: string | undefined;
  readonly text: string;
}

class Parser {
  readonly #decoder = new TextDecoder();
  #rest = '';
  /** Set by a result with errors, which comes before `complete`. */
  failed: ReturnType<typeof errorEnding> | undefined;

  *events(chunk: Uint8Array): Generator<ServerSentEvent> {
    const blocks = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      let [type, text]: [string, string] = ['', ''];
      let id: string | undefined;
      for (const line of block.split('\n')) {
        if (line.startsWith('event:')) type = line.slice(6).trim();
        else if (line.startsWith('data:')) text = line.slice(5).trimStart();
        else if (line.startsWith('id:')) id = line.slice(3).trim();
      }
      if (type !== '') yield { type, id, text };
    }
  }
}
