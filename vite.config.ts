import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The candidate's pages. Nothing is inlined: their CSP allows the server's own files only. */
export default defineConfig({
  root: here('client/pages'),
  build: {
    outDir: here('dist/client'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2022',
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: [here('client/pages/login.html'), here('client/pages/interview.html')] },
  },
});
