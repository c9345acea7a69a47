/** The README's snippets, as a reader would copy them. */
import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The first code block below the heading `### <title>`. */
export function snippet(title: string): string {
  const readme = readFileSync(`${ROOT}/README.md`, 'utf8');
  const section = readme.split(/^#{2,3} /m).find((text) => text.startsWith(`${title}\n`));
  const code = section?.match(/^```\w+\n(.*?)^```$/ms)?.[1];
  if (code === undefined) throw new Error(`README.md has no snippet below "### ${title}"`);
  return code;
}

/** The snippet with the host and port of `url` in the place of the default ones, and nothing else changed. */
export function snippetFor(title: string, url: string): string {
  return snippet(title).replaceAll('127.0.0.1:4000', new URL(url).host);
}

/** The snippet and what it imports, as one module. */
export async function bundle(code: string, platform: 'browser' | 'node'): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: ROOT, loader: 'tsx', sourcefile: 'snippet.tsx' },
    jsx: 'automatic',
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform,
    // Node finds packages by itself.
    ...(platform === 'node' && { packages: 'external' }),
    logLevel: 'silent',
  });
  const [module] = outputFiles;
  if (!module) throw new Error('esbuild made nothing');
  return module.text;
}
