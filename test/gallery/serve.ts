/** The gallery and the login page, built like the product and served with the product's Content-Security-Policy. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { build } from 'vite';
import { loadAssets, pageRoutes } from '../../server/routes/pages.ts';
import { temporaryFolder } from '../support/server/server.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** A running server of the gallery. */
export interface Gallery {
  /** The server's origin. `/` is the login page; there is no API behind it. */
  url: string;
  /** The address of the gallery in a language; there `window.gallery` shows the states. */
  address(lang: string): string;
  close(): Promise<void>;
}

/** Builds both into a temporary folder, which takes some seconds, and listens on a free port. */
export async function openGallery(): Promise<Gallery> {
  const folder = await temporaryFolder();
  await build({
    configFile: path.join(root, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: folder.path, emptyOutDir: true },
  });
  await build({
    configFile: false,
    root: import.meta.dirname,
    base: '/gallery/',
    logLevel: 'error',
    build: {
      outDir: path.join(folder.path, 'gallery'),
      emptyOutDir: true,
      assetsInlineLimit: 0,
      target: 'es2022',
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  });
  const app = pageRoutes(await loadAssets(folder.path));
  const server = createServer(getRequestListener(app.fetch));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    address: (lang) => `${url}/gallery/index.html?lang=${lang}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await folder.remove();
    },
  };
}
