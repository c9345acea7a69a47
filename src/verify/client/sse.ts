/** Server-sent events by fetch, as graphql-sse's distinct connections mode has them. */
import { errorEnding, type Feed, type FeedRequest, type Sink } from './feed.ts';
import { headersOf, LostError, reasonOf, type Result, type Target } from '../../http-client/http-client.ts';

/** Throws `LostError`. */
export async function feedOverSse(target: Target, { lastEventId, ...payload }: FeedRequest, sink: Sink): Promise<Feed> {
  const cutting = new AbortController();
  const headers = headersOf(target, 'text/event-stream');
  if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
  let response: Response;
  try {
    response = await fetch(target.url, {
      method: 'POST',
      headers,
      body: JSON.stringify(payload),
      signal: cutting.signal,
    });
  } catch (error) {
    throw new LostError(reasonOf(error), { cause: error });
  }
  const gate = new Gate();
  void deliver(response, gate, cutting.signal, sink);
  return { stall: () => gate.shut(), goOn: () => gate.open(), cut: () => cutting.abort() };
}

/** Shut, it keeps the body from being read, so that it dams up to the server. */
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

async function deliver(response: Response, gate: Gate, left: AbortSignal, sink: Sink): Promise<void> {
  try {
    // The answer to who comes back to what has ended.
    if (response.status === 204) return sink.end({ kind: 'complete' });
    if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
      return sink.end(errorEnding((await response.json()) as Result<unknown>));
    const parser = new Parser();
    for await (const chunk of response.body ?? []) {
      await gate.pass();
      for (const { type, id, text } of parser.events(chunk)) {
        if (left.aborted) return;
        if (type === 'complete') return sink.end(parser.failed ?? { kind: 'complete' });
        if (type !== 'next') continue;
        const result = JSON.parse(text) as Result<unknown>;
        if (result.data || !result.errors) sink.next(result, id);
        else parser.failed = errorEnding(result);
      }
    }
    if (!left.aborted) sink.end(parser.failed ?? { kind: 'lost', reason: 'the response ended without complete' });
  } catch (error) {
    if (!left.aborted) sink.end({ kind: 'lost', reason: reasonOf(error) });
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
  /** A result that is an error comes before `complete`. */
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
