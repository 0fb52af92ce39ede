import { defineConfig } from 'vite';

/** The page as files that the API serves: no script or style stands in the HTML, and nothing comes from another host. */
export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: 'built',
    emptyOutDir: true,
    target: 'es2023',
    // Small pictures would become data: URLs, which the page's policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Tells which file is which, so that its size can be held.
    manifest: true,
  },
  server: { proxy: Object.fromEntries(['/api', '/login', '/logout', '/pin'].map((path) => [path, 'http://127.0.0.1:8000'])) },
});
