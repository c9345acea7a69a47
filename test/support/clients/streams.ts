/** A streaming response as text, as it is on the wire. */
import { onTestFinished } from 'vitest';
import type { ServerSentEvent } from './clients.ts';

export interface TextStream {
  readonly response: Response;
  /** The text so far. */
  readonly text: string;
  /** Reads until the text so far matches, or the response has ended. */
  until(condition: RegExp | ((text: string) => boolean)): Promise<string>;
  /** Reads to the end. Rejects if the response is broken off. */
  end(): Promise<string>;
  /** Reads until the response is broken off. Rejects if it ends. */
  broken(): Promise<string>;
  /** Cuts the connection. */
  leave(): void;
}

export async function openStream(url: string, init: RequestInit): Promise<TextStream> {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const response = await fetch(url, { ...init, signal: controller.signal });
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  const until: TextStream['until'] = async (condition) => {
    const holds = (): boolean => (condition instanceof RegExp ? condition.test(text) : condition(text));
    while (reader && !holds()) {
      const { value, done } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
    return text;
  };
  return {
    response,
    get text() {
      return text;
    },
    until,
    end: () => until(() => false),
    broken: () =>
      until(() => false).then(
        () => Promise.reject(new Error(`ended, whole: ${text}`)),
        () => text,
      ),
    leave: () => controller.abort(),
  };
}

/** The complete events of a text, without comments. A field without a value is ''. */
export function eventsOf(text: string): ServerSentEvent[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((block) => block.split('\n').filter((line) => line !== '' && !line.startsWith(':')))
    .filter((lines) => lines.length > 0)
    .map((lines) => Object.fromEntries(lines.map((line) => /^([^:]*): ?(.*)$/.exec(line)?.slice(1) ?? [line, ''])));
}
