import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * The server and its command line, bundled with the libraries that they use, one file a library. As 600 separate modules they
 * would take twice the time to start, after every crash and for every command, and 20 MB more memory.
 */
export default defineConfig({
  root: here('.'),
  ssr: { noExternal: true, external: ['better-sqlite3', 'pino'] },
  build: {
    ssr: true,
    target: 'node20',
    minify: false,
    emptyOutDir: true,
    rolldownOptions: {
      input: {
        'server/index': here('server/cli/index.ts'),
        'server/transcript-worker': here('server/transcripts/worker.ts'),
        'storage/index': here('storage/index.ts'),
      },
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: '[name].js',
        codeSplitting: {
          groups: [
            { test: /node_modules/, name: (id: string) => `libraries/${packageOf(id)}`, debugName: 'libraries' },
          ],
        },
      },
    },
  },
});

/** `kysely`, `hono-node-server` */
function packageOf(id: string): string {
  const name = id.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? 'other';
  return name.replace('@', '').replace('/', '-');
}
