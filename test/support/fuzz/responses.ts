/** HTTP responses out of the bytes of a connection. */

export interface Response {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** The method wants a body, and the connection neither ended nor was left inside of it. */
  readonly isWhole: boolean;
}

/** One for each of the methods, in their order, and what comes unasked; interim ones are left out. */
export function* responsesIn(bytes: Buffer, methods: readonly string[]): Generator<Response> {
  const pending = [...methods];
  for (let at = 0; at < bytes.length;) {
    const headEnd = bytes.indexOf('\r\n\r\n', at);
    if (headEnd < 0) throw new Error(`half a head: ${bytes.toString('latin1', at)}`);
    const [statusLine = '', ...lines] = bytes.toString('latin1', at, headEnd).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
    if (!status) throw new Error(`no status: ${statusLine}`);
    at = headEnd + 4;
    if (status < 200) continue;
    const headers = new Map(lines.map(headerIn));
    const hasBody = pending.shift() !== 'HEAD' && status !== 204 && status !== 304;
    const { body, end } = hasBody ? bodyAt(bytes, at, headers) : { body: Buffer.alloc(0), end: at };
    yield { status, headers, body: body.toString(), isWhole: hasBody && end <= bytes.length };
    at = end;
  }
}

function headerIn(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function bodyAt(bytes: Buffer, at: number, headers: ReadonlyMap<string, string>): { body: Buffer; end: number } {
  if (headers.get('transfer-encoding') !== 'chunked') {
    const end = at + Number(headers.get('content-length') ?? bytes.length - at);
    return { body: bytes.subarray(at, end), end };
  }
  const chunks: Buffer[] = [];
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const length = lineEnd < 0 ? NaN : parseInt(bytes.toString('latin1', at, lineEnd), 16);
    // Undefined ends mean that the rest has not come.
    if (Number.isNaN(length)) return { body: Buffer.concat(chunks), end: bytes.length + 1 };
    at = lineEnd + 2 + length + 2;
    if (length === 0) return { body: Buffer.concat(chunks), end: at };
    chunks.push(bytes.subarray(lineEnd + 2, at - 2));
  }
}
