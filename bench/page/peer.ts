/** Uppy's webcam page, built, compressed and served like our pages. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { build } from 'vite';
import { compress } from '../../server/cli/build.mjs';
import { loadAssets, pageRoutes } from '../../server/routes/pages.ts';
import { temporaryFolder } from '../../test/support/server/server.ts';

/** Builds the page into a temporary folder, and listens on a free port. */
export async function openUppyPage(): Promise<{ url: string; close(): Promise<void> }> {
  const folder = await temporaryFolder();
  const root = path.join(import.meta.dirname, 'uppy');
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    build: {
      outDir: folder.path,
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: { input: path.join(root, 'login.html') },
    },
  });
  compress(folder.path);
  const server = createServer(getRequestListener(pageRoutes(await loadAssets(folder.path)).fetch));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await folder.remove();
    },
  };
}
