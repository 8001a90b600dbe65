import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Context, Hono } from 'hono';
import { etag } from 'hono/etag';
import { secureHeaders } from 'hono/secure-headers';
import { type Coding, preferredCoding, preferredLanguage } from '../http/negotiation.ts';
import { pagePaths } from '../wire.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A built file. */
interface Asset {
  bytes: Bytes;
  type: string;
  /** Its name changes with its content: it may be cached for a year. */
  immutable: boolean;
  /** The same bytes, compressed by the build. */
  encoded?: Partial<Record<Coding, Bytes>>;
}

/** The built pages by URL path, e.g. `/`, `/interview`, `/assets/x.js`. */
export type Assets = Map<string, Asset>;

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};
/** The endings of the files that the build has compressed; the best coding first. */
const CODINGS: ReadonlyArray<readonly [Coding, ending: string]> = [
  ['br', '.br'],
  ['gzip', '.gz'],
];
/** The words of a language; vite.config.ts names these files. */
const WORDS = /^\/assets\/words-([a-z]+)-/;
/** The service worker, which keeps the pages for times without a network. */
const SERVICE_WORKER = '/sw.js';
const NOT_FOUND = '/not-found';
/** The token in a link that was rewritten. */
const TOKEN = /[#?&/]t=([^&#]+)/i;

const contentSecurityPolicy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  // The logo of the organization is wherever its own site keeps it.
  imgSrc: ["'self'", 'https:'],
  mediaSrc: ["'self'", 'blob:'],
  connectSrc: ["'self'"],
  workerSrc: ["'self'"],
  manifestSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};
/** For the proxy or the admin to set: a test over plain HTTP must not pin a browser to HTTPS. */
const strictTransportSecurity = false;
const forDocuments = secureHeaders({
  contentSecurityPolicy,
  strictTransportSecurity,
  permissionsPolicy: { camera: ['self'], microphone: ['self'], geolocation: [] },
  referrerPolicy: 'no-referrer',
  xFrameOptions: 'DENY',
});
/** A worker takes its policy from its own script. The other headers mean something for documents alone, and would cost each file 330 bytes. */
const forParts = secureHeaders({
  contentSecurityPolicy,
  strictTransportSecurity,
  ...{ crossOriginOpenerPolicy: false, originAgentCluster: false, referrerPolicy: false, xDnsPrefetchControl: false },
  ...{ xDownloadOptions: false, xFrameOptions: false, xPermittedCrossDomainPolicies: false, xXssProtection: false },
});

/** Scripts and styles. */
const isPart = (asset: Asset | undefined): boolean => /^text\/(javascript|css)/.test(asset?.type ?? '');

/**
 * Reads the built pages into memory. They are few and small, and a request can reach no file that is not in the map.
 * @throws Error when the pages are not built
 */
export async function loadAssets(folder: string): Promise<Assets> {
  const files = new Map<string, Bytes>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    files.set(path.relative(folder, file).split(path.sep).join('/'), new Uint8Array(await readFile(file)));
  }
  const assets: Assets = new Map();
  for (const [name, bytes] of files) {
    if (CODINGS.some(([, ending]) => name.endsWith(ending))) continue;
    const encoded: Asset['encoded'] = {};
    for (const [coding, ending] of CODINGS) {
      const compressed = files.get(name + ending);
      if (compressed) encoded[coding] = compressed;
    }
    const type = TYPES[path.extname(name)] ?? 'application/octet-stream';
    assets.set(pagePaths[name] ?? `/${name}`, { bytes, type, immutable: name.startsWith('assets/'), encoded });
  }
  if (!assets.has('/')) throw new Error(`the pages are not built in ${folder}`);
  return assets;
}

/**
 * The routes of the pages, with a strict policy: nothing of other origins but pictures, no inline script or style,
 * the camera for this origin alone. A person who opens an address that leads nowhere is brought to the page that was meant, or is shown
 * a page in words; programs, which do not accept HTML, get the problem that the caller answers with.
 */
export function pageRoutes(assets: Assets): Hono {
  const app = new Hono();
  app.use((c, next) => (isPart(assets.get(c.req.path)) ? forParts(c, next) : forDocuments(c, next)));
  const words = new Map([...assets.keys()].map((route) => [WORDS.exec(route)?.[1] ?? '', route]));
  for (const [route, asset] of assets) {
    const version = createHash('sha256').update(asset.bytes).digest('base64url');
    const isPage = asset.type.startsWith('text/html');
    // With etag() after the body was chosen: the pages alone are answered with 304 (RFC 9110, 13.1.2).
    app.get(route, etag(), (c) => {
      const { body, headers } = represent(c, asset, version);
      if (isPage) c.header('Link', wordsHint(c, words));
      return c.body(body, 200, {
        ...headers,
        // The hint to the words depends on the language, the file itself does not.
        Vary: isPage ? 'Accept-Encoding, Accept-Language' : 'Accept-Encoding',
        'Cache-Control': asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
        // The worker may serve the whole origin. A script at the root may without this header, which says it
        // explicitly.
        ...(route === SERVICE_WORKER ? { 'Service-Worker-Allowed': '/' } : {}),
      });
    });
  }
  const notFound = assets.get(NOT_FOUND);
  app.get('*', async (c, next) => {
    if (!notFound || !/\btext\/html\b/i.test(c.req.header('accept') ?? '')) return next();
    const target = meantAddress(c.req.path, new URL(c.req.url).search);
    // The address may hold a token: nothing on the way may keep the response.
    if (target !== null) return c.body(null, 302, { Location: target, 'Cache-Control': 'no-store' });
    const { body, headers } = represent(c, notFound);
    return c.body(body, 404, { ...headers, 'Cache-Control': 'no-store' });
  });
  return app;
}

/**
 * A file in the coding that the client likes best, with the headers that describe these bytes. Each coding has an ETag of
 * its own: a strong one stands for the bytes on the wire.
 */
function represent(c: Context, { bytes, type, encoded = {} }: Asset, version?: string) {
  const available = CODINGS.map(([coding]) => coding).filter((coding) => encoded[coding]);
  const coding = preferredCoding(c.req.header('Accept-Encoding'), available);
  const body = (coding && encoded[coding]) ?? bytes;
  const headers = {
    'Content-Type': type,
    // A response to HEAD has no body that it could be counted from.
    'Content-Length': String(body.byteLength),
    ...(coding && { 'Content-Encoding': coding }),
    ...(version !== undefined && { ETag: `"${version}${coding ? `-${coding}` : ''}"` }),
  };
  return { body, headers };
}

/**
 * The `Link` of a page to the words of its language, so that the browser asks for them together with the script that will
 * import them; undefined where the build has none. A guess, as the page itself decides by `?lang=` and the browser's languages.
 */
function wordsHint(c: Context, words: Map<string, string>): string | undefined {
  const languages = [...words.keys()];
  const wished = preferredLanguage(c.req.query('lang'), languages);
  const file = words.get(wished ?? preferredLanguage(c.req.header('Accept-Language'), languages) ?? 'en');
  return file && `<${file}>; rel=modulepreload`;
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
