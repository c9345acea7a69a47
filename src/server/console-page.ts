/**
 * Serves the console, the page at `/`. `npm start` and the image build it into dist/console. The files are read once, so that requests need
 * no disk. When it is not built, `/` explains how to build it.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { PAGE_COLLECTIONS_ID, type PageCollection } from '../described/page-collection.ts';

const BUILT = fileURLToPath(new URL('../../dist/console/', import.meta.url));

const NOT_BUILT = `The console is not built. In a checkout \`npm run build:console\` builds it, and \`npm start\` does so by itself.
GraphQL is at /graphql.
`;

const WRONG_METHOD = 'The console is served by GET and HEAD only.\n';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Allows no inline script and no other host. 'self' includes WebSockets of the same host. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  Vary: 'Accept-Encoding',
} as const;

/** The suffixes of files by their encoding, the smallest encoding first. */
const ENCODINGS = Object.entries({ br: '.br', gzip: '.gz' });

function compressed(bytes: Buffer, suffix: string): Buffer {
  if (suffix === '') return bytes;
  return suffix === '.br' ? brotliCompressSync(bytes) : gzipSync(bytes, { level: 9 });
}

interface Body {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

interface File {
  readonly plain: Body;
  readonly encoded: readonly (readonly [encoding: string, body: Body])[];
}

export class ConsolePage {
  readonly #files: ReadonlyMap<string, File>;

  /** `collections`: the typed ones. `directory`: built by vite, with a `.br` and a `.gz` next to each file. */
  constructor(collections: readonly PageCollection[] = [], directory: string = BUILT) {
    this.#files = existsSync(`${directory}/index.html`) ? filesIn(directory, collections) : new Map();
  }

  has(path: string): boolean {
    return path === '/' || this.#files.has(path);
  }

  answer({ method, headers }: IncomingMessage, response: ServerResponse, path: string): void {
    const file = this.#files.get(path);
    if (method !== 'GET' && method !== 'HEAD')
      response.writeHead(405, { Allow: 'GET, HEAD', 'Content-Type': 'text/plain; charset=utf-8' }).end(WRONG_METHOD);
    else if (!file) response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end(NOT_BUILT);
    else {
      const body = file.encoded.find(([name]) => accepts(headers['accept-encoding'], name))?.[1] ?? file.plain;
      const isKnown = isKnownTag(headers['if-none-match'], body.headers['ETag'] ?? '');
      if (isKnown) response.writeHead(304, body.headers).end();
      else response.writeHead(200, { ...body.headers, 'Content-Length': body.bytes.length }).end(body.bytes);
    }
  }
}

/** A proxy that compresses makes a tag weak; here a weak tag counts as the same (RFC 9110, section 13.1.2). */
function isKnownTag(header = '', tag: string): boolean {
  return header.split(',').some((known) => known.trim() === '*' || known.trim().replace(/^W\//, '') === tag);
}

function accepts(header: string | string[] | undefined, encoding: string): boolean {
  return String(header ?? '')
    .split(',')
    .some((entry) => {
      const [name = '', quality = ''] = entry.trim().split(/\s*;\s*/);
      return name === encoding && !/^q=0(\.0*)?$/.test(quality);
    });
}

/** The page with a description of the collections. Browsers apply the policy for scripts only to those that they execute, so it is inline. */
function withCollections(page: Buffer, collections: readonly PageCollection[]): Buffer {
  // No text in it ends the element: JSON may have any character of a string in its escaped form.
  const json = JSON.stringify(collections).replaceAll('<', '\\u003c');
  const script = `<script id="${PAGE_COLLECTIONS_ID}" type="application/json">${json}</script>`;
  return Buffer.from(page.toString().replace('</head>', () => `${script}</head>`));
}

function filesIn(directory: string, collections: readonly PageCollection[]): Map<string, File> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'));
  const files = new Map<string, File>();
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const isPage = name === 'index.html';
    // Vite puts a hash of the content into all names except the page's.
    const caching = isPage ? 'no-cache' : 'public, max-age=31536000, immutable';
    const read = (suffix: string): Buffer => {
      if (!isPage || collections.length === 0) return readFileSync(`${directory}/${name}${suffix}`);
      return compressed(withCollections(readFileSync(`${directory}/${name}`), collections), suffix);
    };
    const bodyOf = (suffix: string, more: Readonly<Record<string, string>> = {}): Body => {
      const bytes = read(suffix);
      const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
      return { bytes, headers: { ...HEADERS, 'Content-Type': type, 'Cache-Control': caching, ETag: tag, ...more } };
    };
    const encoded = ENCODINGS.filter(([, suffix]) => names.includes(`${name}${suffix}`)).map(
      ([encoding, suffix]) => [encoding, bodyOf(suffix, { 'Content-Encoding': encoding })] as const,
    );
    files.set(isPage ? '/' : `/${name}`, { plain: bodyOf(''), encoded });
  }
  return files;
}
