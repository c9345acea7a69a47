import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));

export default defineConfig({
  root,
  // Wherever a proxy shows it.
  base: './',
  publicDir: false,
  cacheDir: fileURLToPath(new URL('../../.cache/vite', import.meta.url)),
  // `npx vite src/console`, beside `npm start`: the page as its sources change.
  server: { proxy: { '/graphql': { target: 'http://127.0.0.1:4000', ws: true } } },
  build: {
    outDir: fileURLToPath(new URL('../../dist/console', import.meta.url)),
    emptyOutDir: true,
    // The page's policy allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Browsers since 2024: `light-dark()`.
    target: ['chrome123', 'firefox120', 'safari17.5'],
  },
});
