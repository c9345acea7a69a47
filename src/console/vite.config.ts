import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));

export default defineConfig({
  root,
  // Relative, because a proxy may serve the page under any path.
  base: './',
  publicDir: false,
  cacheDir: fileURLToPath(new URL('../../.cache/vite', import.meta.url)),
  // For development: `npx vite src/console` while `npm start` runs.
  server: { proxy: { '/graphql': { target: 'http://127.0.0.1:4000', ws: true } } },
  build: {
    outDir: fileURLToPath(new URL('../../dist/console', import.meta.url)),
    emptyOutDir: true,
    // The content security policy of the page allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The first browsers with `light-dark()`.
    target: ['chrome123', 'firefox120', 'safari17.5'],
  },
});
