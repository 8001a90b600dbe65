import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { pagePaths } from '../wire.ts';

/** The built pages by URL path, e.g. `/`, `/interview`, `/assets/x.js`; `immutable` files may be cached for a year. */
export type Assets = Map<string, { bytes: Uint8Array<ArrayBuffer>; type: string; immutable: boolean }>;

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};
/** The service worker, which keeps the pages for times without a network. */
const SERVICE_WORKER = '/sw.js';
const NOT_FOUND = '/not-found';
/** The token in a link that was rewritten. */
const TOKEN = /[#?&/]t=([^&#]+)/i;

/**
 * Reads the built pages into memory. They are few and small, and a request can reach no file that is not in the map.
 * @throws Error when the pages are not built
 */
export async function loadAssets(folder: string): Promise<Assets> {
  const assets: Assets = new Map();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, file).split(path.sep).join('/');
    const bytes = new Uint8Array(await readFile(file));
    const type = TYPES[path.extname(name)] ?? 'application/octet-stream';
    assets.set(pagePaths[name] ?? `/${name}`, { bytes, type, immutable: name.startsWith('assets/') });
  }
  if (!assets.has('/')) throw new Error(`the pages are not built in ${folder}`);
  return assets;
}

/**
 * The routes of the pages, with a strict policy: nothing of other origins, no inline script or style, the camera for
 * this origin alone. A person who opens an address that leads nowhere is brought to the page that was meant, or is shown
 * a page in words; programs, which do not accept HTML, get the problem that the caller answers with.
 */
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
      // For the proxy or the admin to set: a test over plain HTTP must not pin a browser to HTTPS.
      strictTransportSecurity: false,
    }),
  );
  for (const [route, { bytes, type, immutable }] of assets) {
    app.get(route, (c) =>
      c.body(bytes, 200, {
        'Content-Type': type,
        'Cache-Control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
        // The worker may serve the whole origin. A script at the root may without this header, which says it
        // explicitly.
        ...(route === SERVICE_WORKER ? { 'Service-Worker-Allowed': '/' } : {}),
      }),
    );
  }
  const notFound = assets.get(NOT_FOUND);
  app.get('*', async (c, next) => {
    if (!notFound || !/\btext\/html\b/i.test(c.req.header('accept') ?? '')) return next();
    const target = meantAddress(c.req.path, new URL(c.req.url).search);
    // The address may hold a token: nothing on the way may keep the response.
    if (target !== null) return c.body(null, 302, { Location: target, 'Cache-Control': 'no-store' });
    return c.body(notFound.bytes, 404, { 'Content-Type': notFound.type, 'Cache-Control': 'no-store' });
  });
  return app;
}

/**
 * The address that a link meant: `/#t=<token>` where a mail program has rewritten `#` as `%23`, once or more often, or as
 * `?`, and a page's path in capitals, with a slash, a file's ending or punctuation behind it. Null where none is known.
 */
function meantAddress(path: string, search: string): string | null {
  const link = decoded(path + search);
  // A token in the path ends with it: chats add a query to links.
  const token = (TOKEN.exec(decoded(path)) ?? TOKEN.exec(link))?.[1];
  const lang = /[?&]lang=(vi|th|en)\b/i.exec(link)?.[1];
  if (token !== undefined) return `/${lang ? `?lang=${lang}` : ''}#t=${encodeURIComponent(token)}`;
  const [name = ''] = decoded(path).toLowerCase().split(/[?#]/, 1);
  const page = `/${name
    .replace(/[^a-z0-9]+$/, '')
    .replace(/^\/+/, '')
    .replace(/\.(html?|php)$/, '')}`;
  const meant = /^\/(index|login|home)?$/.test(page) ? '/' : page;
  return meant !== path && meant !== NOT_FOUND && Object.values(pagePaths).includes(meant) ? meant + search : null;
}

/** A path without its percent-encoding, which several programs on the way may have added, one upon the other. */
function decoded(path: string): string {
  let text = path;
  try {
    for (let round = 0; round < 3; round++) text = decodeURIComponent(text);
  } catch {
    // A "%" that encodes nothing: what was decoded so far.
  }
  return text;
}
