import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

/** The built pages by URL path, e.g. `/`, `/interview`, `/assets/x.js`. */
export type Assets = Map<string, { bytes: Uint8Array<ArrayBuffer>; type: string; immutable: boolean }>;

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};
/** Keeps the pages for when there is no network. */
const SERVICE_WORKER = '/sw.js';
const PAGES: Record<string, string> = { 'login.html': '/', 'interview.html': '/interview' };

/**
 * Reads the built pages into memory: they are few and small, and a path that is not in the map can't be traversed.
 * @throws Error when they are not built
 */
export async function loadAssets(folder: string): Promise<Assets> {
  const assets: Assets = new Map();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, file).split(path.sep).join('/');
    const bytes = new Uint8Array(await readFile(file));
    const type = TYPES[path.extname(name)] ?? 'application/octet-stream';
    assets.set(PAGES[name] ?? `/${name}`, { bytes, type, immutable: name.startsWith('assets/') });
  }
  if (!assets.has('/')) throw new Error(`the pages are not built in ${folder}`);
  return assets;
}

/** The pages, with a strict policy: nothing from elsewhere, no inline script or style, camera for this origin alone. */
export function pageRoutes(assets: Assets): Hono {
  const app = new Hono();
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        mediaSrc: ["'self'", 'blob:'],
        connectSrc: ["'self'"],
        workerSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
      permissionsPolicy: { camera: ['self'], microphone: ['self'], geolocation: [] },
      referrerPolicy: 'no-referrer',
      xFrameOptions: 'DENY',
      // A proxy's or the admin's to say: a test over plain HTTP must not pin a browser to HTTPS.
      strictTransportSecurity: false,
    }),
  );
  for (const [route, { bytes, type, immutable }] of assets) {
    app.get(route, (c) =>
      c.body(bytes, 200, {
        'Content-Type': type,
        'Cache-Control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
        // It may serve the whole origin: said out loud, though a script at the root may by itself.
        ...(route === SERVICE_WORKER ? { 'Service-Worker-Allowed': '/' } : {}),
      }),
    );
  }
  return app;
}
