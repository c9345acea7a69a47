/** The page GraphiQL: its first tabs, its title, and tokens over WebSocket. */
import type { renderGraphiQL as RenderGraphiQL } from '@graphql-yoga/render-graphiql';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

type GraphiQLOptions = NonNullable<Parameters<typeof RenderGraphiQL>[0]>;

export interface GraphiQLPage {
  /** Whether `/` is the console, so that the page links to it. */
  readonly hasConsole: boolean;
}

interface FirstTabs {
  /** The documents of the first tabs, at least one. */
  readonly tabs: readonly string[];
}

const MARK =
  '<svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true"><rect fill="#0f766e" x="2" y="2" width="28" height="12" rx="4"/>' +
  '<rect fill="#0f766e" fill-opacity="0.45" x="2" y="18" width="28" height="12" rx="4"/>' +
  '<path stroke="#c26a0a" stroke-width="2.5" stroke-linecap="round" stroke-dasharray="3.5 4.4" d="M5 16h22"/></svg>';

/** Relative to /graphql, because a proxy may serve it under any path. */
const LINK = '<a href="./" style="margin-left: 14px; color: inherit; white-space: nowrap">← Console</a>';

const PAGE_TITLE = 'seamline GraphiQL';

/** `url`: of the request for the page. A query in it takes the place of the tabs. */
export function graphiqlOptions({ hasConsole, tabs }: GraphiQLPage & FirstTabs, url: string): GraphiQLOptions {
  const [first = ''] = tabs;
  return {
    // HTML, in GraphiQL's header.
    title: hasConsole ? `seamline ${LINK}` : 'seamline',
    logo: MARK,
    favicon: `data:image/svg+xml,${encodeURIComponent(MARK.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"'))}`,
    subscriptionsProtocol: 'WS',
    // Without a query of its own GraphiQL adds an empty tab at each reload.
    ...(!new URL(url).searchParams.has('query') && {
      defaultTabs: tabs.map((query) => ({ query })),
      query: first,
    }),
  };
}

/** GraphiQL measures the first tabs before they have their places, and moves a tab away from the pointer that presses it. */
const STYLE = '<style>.graphiql-container .graphiql-tab { transform: none !important; }</style>';

/**
 * Renders a page, as plain JavaScript for a thread of its own: its 9 MB would block the event loop for 230 ms, whoever asks for it. GraphiQL
 * sends the headers of its tab over HTTP only; here also as a WebSocket's `connectionParams`.
 */
const RENDER = `
  const { parentPort, workerData: { module, options, title, style } } = require('node:worker_threads');
  const html = require(module)
    .renderGraphiQL(options)
    // The element contains text only, and the option is HTML.
    .replace(/<title>.*?<\\/title>/, '<title>' + title + '</title>')
    .replace('</head>', style + '</head>')
    .replace(/extensions:\\{headers:(\\w+\\?\\.headers)\\}/, 'extensions:{headers:$1,connectionParams:{headers:$1}}');
  const { buffer } = new TextEncoder().encode(html);
  parentPort.postMessage(buffer, [buffer]);
`;

async function renderGraphiQL(options: GraphiQLOptions): Promise<Buffer> {
  const module = createRequire(import.meta.url).resolve('@graphql-yoga/render-graphiql');
  const worker = new Worker(RENDER, {
    eval: true,
    // It needs none of the process's flags.
    execArgv: [],
    workerData: { module, options, title: PAGE_TITLE, style: STYLE },
  });
  const [bytes] = (await once(worker, 'message')) as [ArrayBuffer];
  return Buffer.from(bytes);
}

/**
 * Renders each page once: it takes half a second of a thread, and anybody may ask for it. All responses share its bytes, so that a client
 * which doesn't read takes no memory. There are two pages, with tabs and without.
 */
export function graphiqlPages(): (options?: GraphiQLOptions) => Promise<string> {
  const pages = new Map<string, Promise<Buffer>>();
  return async (options = {}) => {
    const name = JSON.stringify(options);
    let page = pages.get(name);
    if (!page) pages.set(name, (page = renderGraphiQL(options)));
    try {
      // Yoga passes it to `Response`, which takes bytes as well.
      return (await page) as unknown as string;
    } catch (error) {
      pages.delete(name);
      throw error;
    }
  };
}
