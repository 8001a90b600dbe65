import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, defineConfig, type Plugin } from 'vite';
import type { Shell } from './client/offline/shell-cache.ts';
import { pagePaths } from './server/wire.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

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
    rolldownOptions: {
      input: Object.keys(pagePaths).map((name) => here(`client/pages/${name}`)),
      output: {
        // One file for what several pages share: each file costs a request, and about 1 kB of headers.
        codeSplitting: {
          groups: [
            {
              name: 'shared',
              test: /client\/(timers|api|offline|i18n\/index|interview\/(saved-record|about)|view\/(dom|format|organization|part)|spool\/(spool|memory-spool)|upload\/(retry-schedule|outcome)|pages\/language)/,
            },
          ],
        },
        // The server hints at the words of a page's language by this name (server/routes/pages.ts).
        chunkFileNames: ({ facadeModuleId }) =>
          `assets/${facadeModuleId?.includes('/client/i18n/') ? 'words-' : ''}[name]-[hash].js`,
      },
    },
  },
  plugins: [lessOfTus(), serviceWorkers(), pageAddresses()],
});

/**
 * Of tus-js-client what an upload uses: its loop and its XMLHttpRequest, as they were written. Its usual build has readers of
 * files, a store of URLs, code for browsers before 2017, and two libraries for what browsers bring along: 60 kB more of script.
 */
function lessOfTus(): Plugin {
  const sources: Record<string, string> = {
    'tus-js-client': `
      import BaseUpload from 'tus-js-client/lib/upload.js';
      export { default as DefaultHttpStack } from 'tus-js-client/lib/browser/httpStack.js';
      export class Upload extends BaseUpload {
        constructor(file, options) {
          super(file, { ...BaseUpload.defaultOptions, ...options });
        }
      }`,
    'url-parse': 'export default URL;',
    'js-base64': `
      export const Base64 = { encode: (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text))) };`,
  };
  return {
    name: 'tresgo-less-of-tus',
    enforce: 'pre',
    apply: 'build',
    resolveId: (name) => (Object.hasOwn(sources, name) ? `\0${name}` : null),
    load: (id) => (id.startsWith('\0') ? (sources[id.slice(1)] ?? null) : null),
  };
}

/** In development: the paths of the pages are those of the server, and a path that leads nowhere is a 404. */
function pageAddresses(): Plugin {
  return {
    name: 'tresgo-page-addresses',
    apply: 'serve',
    config: () => ({ appType: 'mpa' }),
    configureServer({ middlewares }) {
      middlewares.use((request, _response, next) => {
        const [address = '', query] = (request.url ?? '').split('?', 2);
        const page = Object.entries(pagePaths).find(([, served]) => served === address)?.[0];
        if (page) request.url = `/${page}${query === undefined ? '' : `?${query}`}`;
        next();
      });
    },
  };
}

/**
 * Builds the two workers after the pages: `sender.js`, and `sw.js`, which carries the list of the pages' files. In development
 * there are none.
 */
function serviceWorkers(): Plugin {
  return {
    name: 'tresgo-service-workers',
    apply: 'build',
    async writeBundle({ dir = here('dist/client') }) {
      await buildWorker(dir, 'sender.ts', 'sender.js');
      await buildWorker(dir, 'service-worker.ts', 'sw.js', { SHELL: JSON.stringify(shellOf(dir)) });
    },
  };
}

async function buildWorker(dir: string, source: string, name: string, define: Record<string, string> = {}) {
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [lessOfTus()],
    define,
    build: {
      outDir: dir,
      emptyOutDir: false,
      target: 'es2022',
      reportCompressedSize: false,
      // One classic script: older versions of Firefox run no modules in service workers.
      rolldownOptions: {
        input: here(`client/offline/${source}`),
        output: { format: 'iife', entryFileNames: name },
      },
    },
  });
}

/** The browser itself keeps these. */
const WORKERS = new Set(['sw.js', 'sender.js']);

/** The files of the built folder, the pages last (see `Shell`); the version is a hash of names and contents. */
function shellOf(folder: string): Shell {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !WORKERS.has(entry.name) && !/\.(html|map)$/.test(entry.name))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
  const version = createHash('sha256');
  const files = [...names, ...Object.keys(pagePaths)].map((name): Shell['files'][number] => {
    const bytes = readFileSync(path.join(folder, name));
    version.update(name).update(bytes);
    return [pagePaths[name] ?? `/${name}`, `sha256-${createHash('sha256').update(bytes).digest('base64')}`];
  });
  return { version: version.digest('hex').slice(0, 12), files };
}
