/** The pages' headers: what they may load, what is kept, and the service worker's place. */
import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadAssets, pageRoutes } from '../../../server/routes/pages.ts';
import { temporaryFolder } from '../../support/server/server.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let pages: ReturnType<typeof pageRoutes>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(`${folder.path}/assets`);
  for (const name of [
    'login.html',
    'interview.html',
    'not-found.html',
    'sw.js',
    'app.webmanifest',
    'favicon.svg',
    'assets/style-1a2b.css',
    'assets/main-1a2b.js',
    'assets/main-1a2b.js.br',
    'assets/main-1a2b.js.gz',
    'assets/words-en-1a2b.js',
    'assets/words-th-1a2b.js',
    'not-found.html.br',
  ])
    await writeFile(`${folder.path}/${name}`, name);
  pages = pageRoutes(await loadAssets(folder.path));
});
afterAll(() => folder.remove());

test.each([
  ['/', 'login.html', 'text/html; charset=utf-8', 'no-cache'],
  ['/interview', 'interview.html', 'text/html; charset=utf-8', 'no-cache'],
  ['/sw.js', 'sw.js', 'text/javascript; charset=utf-8', 'no-cache'],
  ['/app.webmanifest', 'app.webmanifest', 'application/manifest+json', 'no-cache'],
  ['/favicon.svg', 'favicon.svg', 'image/svg+xml', 'no-cache'],
  ['/assets/style-1a2b.css', 'assets/style-1a2b.css', 'text/css; charset=utf-8', 'public, max-age=31536000, immutable'],
  [
    '/assets/main-1a2b.js',
    'assets/main-1a2b.js',
    'text/javascript; charset=utf-8',
    'public, max-age=31536000, immutable',
  ],
])('%s is %s as %s, %s', async (route, body, type, cacheControl) => {
  const response = await pages.request(route);
  expect(await response.text()).toBe(body);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': type,
    'cache-control': cacheControl,
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
  });
  // A phone pays for each byte: what only documents need is not sent with scripts.
  const forDocuments = {
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'permissions-policy': 'camera=(self), microphone=(self), geolocation=()',
    'cross-origin-opener-policy': 'same-origin',
  };
  for (const [name, value] of Object.entries(forDocuments))
    expect(response.headers.get(name), name).toBe(/^text\/(javascript|css)/.test(type) ? null : value);
  expect(response.headers.get('service-worker-allowed')).toBe(route === '/sw.js' ? '/' : null);
  expect(response.headers.has('strict-transport-security')).toBe(false);
});

test('the policy allows the origin’s own files, workers and calls, and nothing else', async () => {
  const policy = (await pages.request('/interview')).headers.get('content-security-policy') ?? '';
  expect(policy.split('; ').sort()).toEqual([
    "base-uri 'none'",
    "connect-src 'self'",
    "default-src 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "img-src 'self' https:",
    "manifest-src 'self'",
    "media-src 'self' blob:",
    "script-src 'self'",
    "style-src 'self'",
    "worker-src 'self'",
  ]);
});

const MAIN = '/assets/main-1a2b.js';
const ask = (path: string, headers: Record<string, string>, method = 'GET') => pages.request(path, { method, headers });

test.each([
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip', 'gzip'],
  ['br;q=0.5, GZIP;q=0.8', 'gzip'],
  ['br;q=0, *', 'gzip'],
  ['*', 'br'],
  ['identity, br;q=0.9', null],
  ['br;q=0, gzip;q=0', null],
  ['identity;q=0, deflate', null],
  ['', null],
])('a client that accepts "%s" is sent %s', async (accepted, coding) => {
  const response = await ask(MAIN, { 'Accept-Encoding': accepted });
  expect(response.headers.get('content-encoding')).toBe(coding);
  expect(await response.text()).toBe(`assets/main-1a2b.js${coding ? { br: '.br', gzip: '.gz' }[coding] : ''}`);
  expect(response.headers.get('vary')).toBe('Accept-Encoding');
  expect((await ask('/favicon.svg', { 'Accept-Encoding': accepted })).headers.get('content-encoding')).toBe(null);
});

test.each(['GET', 'HEAD'])(
  '%s: each coding has an ETag of its own, and what did not change is not sent again',
  async (method) => {
    const tags = new Set<string>();
    for (const [path, coding] of [
      [MAIN, 'br'],
      [MAIN, 'gzip'],
      [MAIN, 'identity'],
      ['/', 'br'],
    ] as const) {
      const first = await ask(path, { 'Accept-Encoding': coding }, method);
      const body = await (await ask(path, { 'Accept-Encoding': coding })).text();
      expect(first.headers.get('content-length')).toBe(String(body.length));
      const tag = first.headers.get('etag') ?? '';
      expect(tag, 'strong').toMatch(/^"[\w-]+"$/);
      tags.add(tag);
      const again = await ask(path, { 'Accept-Encoding': coding, 'If-None-Match': `"x", W/${tag}` }, method);
      expect([again.status, await again.text()]).toEqual([304, '']);
      for (const name of ['etag', 'vary', 'cache-control', 'content-security-policy'])
        expect(again.headers.get(name), name).toBe(first.headers.get(name));
      expect((await ask(path, { 'Accept-Encoding': coding, 'If-None-Match': '"x"' }, method)).status).toBe(200);
    }
    expect(tags.size).toBe(4);
  },
);

test.each([
  ['/', 'th-TH,th;q=0.9', 'th'],
  ['/interview', 'fr, en-GB;q=0.5, th;q=0.1', 'en'],
  ['/?lang=th', 'en', 'th'],
  ['/?lang=xx', 'th', 'th'],
  ['/', 'fr', 'en'],
  ['/', 'th;q=0', 'en'],
])('%s for a browser of %s hints at the words in %s', async (path, languages, hinted) => {
  const response = await ask(path, { 'Accept-Language': languages });
  expect(response.headers.get('link')).toBe(`</assets/words-${hinted}-1a2b.js>; rel=modulepreload`);
  expect(response.headers.get('vary')).toBe('Accept-Encoding, Accept-Language');
  expect((await ask(MAIN, { 'Accept-Language': languages })).headers.has('link')).toBe(false);
});

const asPerson = { headers: { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' } };
const TOKEN = 'Zk3-_x.9';

test.each([
  ['/%23t=Zk3-_x.9', `/#t=${TOKEN}`, 'Microsoft’s Safe Links'],
  ['/%2523t%3DZk3-_x.9', `/#t=${TOKEN}`, 'two programs, one after the other'],
  ['/interview%23t=Zk3-_x.9&lang=th', `/?lang=th#t=${TOKEN}`, 'behind a path, with a language'],
  ['/?lang=vi%23t=Zk3-_x.9', null, 'the page itself reads its query'],
  ['/x?lang=vi%23t=Zk3-_x.9', `/?lang=vi#t=${TOKEN}`, 'in the query'],
  ['/%23t=Zk3-_x.9?fbclid=IwAR0', `/#t=${TOKEN}`, 'a chat that adds a query'],
  ['/t=Zk3-_x.9', `/#t=${TOKEN}`, 'the sign was left out'],
  ['/login?t=a%26b%23', '/#t=a', 'what a token can’t be told from'],
  ['/interview/', '/interview', 'a slash'],
  ['/Interview', '/interview', 'a capital'],
  ['/INTERVIEW.HTML?lang=vi', '/interview?lang=vi', 'a file’s name'],
  ['/interview%E2%80%8B', '/interview', 'a zero-width space'],
  ['/interview).', '/interview', 'the signs of a sentence'],
  ['/index.html', '/', 'a file’s name'],
  ['/login', '/', 'a guess'],
  ['//', '/', 'a slash too many'],
  ['//example.com', 404, 'no way to another host'],
  ['/%2F%2Fexample.com/', 404, 'no way to another host'],
  ['/nothing', 404, 'nothing that is known'],
  ['/api/nothing', 404, 'nothing that is known'],
  ['/%', '/', 'a sign that encodes nothing'],
  ['/x%', 404, 'a sign that encodes nothing'],
  ['/interview%', '/interview', 'a sign that encodes nothing behind a page'],
] satisfies Array<[string, string | number | null, string]>)(
  'a person at %s is brought to %s: %s',
  async (path, target, _) => {
    const response = await pages.request(new Request(`http://host${path}`, asPerson));
    expect(response.headers.get('location')).toBe(typeof target === 'string' ? target : null);
    expect(response.status).toBe(target === null ? 200 : typeof target === 'string' ? 302 : target);
    if (target === null) return;
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    if (target === 404) expect(await response.text()).toBe('not-found.html');
  },
);

test('the page for an address that leads nowhere is compressed as well, and never kept', async () => {
  const headers = { Accept: 'text/html', 'Accept-Encoding': 'br' };
  const response = await pages.request('/nothing', { headers });
  expect([response.status, await response.text()]).toEqual([404, 'not-found.html.br']);
  expect(response.headers.get('content-encoding')).toBe('br');
  expect(response.headers.has('etag')).toBe(false);
});

test('a program at an address that leads nowhere gets no page', async () => {
  for (const accept of ['*/*', 'application/json', ''])
    expect((await pages.request('/interview/', { headers: { Accept: accept } })).headers.has('location')).toBe(false);
});

test('what is not built is not there', async () => {
  for (const route of ['/login.html', '/assets/main-1a2b.js.br', '/assets', '/assets/../sw.js/x', '/..%2fpackage.json'])
    expect((await pages.request(route)).status).toBe(404);
});
