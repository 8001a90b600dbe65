import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, defineConfig, type Plugin } from 'vite';
import type { Shell } from './client/shell-cache.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The pages that a candidate may reload without a connection, by the path that the server gives them. */
const PAGES: Record<string, string> = { 'login.html': '/', 'interview.html': '/interview' };

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
  plugins: [serviceWorker()],
});

/** Builds `sw.js` after the pages, since it carries the list of all that they are made of. */
function serviceWorker(): Plugin {
  return {
    name: 'tresgo-service-worker',
    apply: 'build',
    async writeBundle({ dir = here('dist/client') }) {
      await build({
        configFile: false,
        logLevel: 'warn',
        publicDir: false,
        define: { SHELL: JSON.stringify(shellOf(dir)) },
        build: {
          outDir: dir,
          emptyOutDir: false,
          target: 'es2022',
          reportCompressedSize: false,
          // One classic script: Firefox learnt modules in service workers late.
          rolldownOptions: {
            input: here('client/service-worker.ts'),
            output: { format: 'iife', entryFileNames: 'sw.js' },
          },
        },
      });
    },
  };
}

/** What lies in the built folder: the pages last (see `Shell`), versioned by name and content. */
function shellOf(folder: string): Shell {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'sw.js' && !/\.(html|map)$/.test(entry.name))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
  const version = createHash('sha256');
  for (const name of [...names, ...Object.keys(PAGES)])
    version.update(name).update(readFileSync(path.join(folder, name)));
  return {
    version: version.digest('hex').slice(0, 12),
    files: [...names.map((name) => `/${name}`), ...Object.values(PAGES)],
  };
}
