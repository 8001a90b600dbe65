/** The pages' headers: what they may load, what is kept, and the service worker's place. */
import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadAssets, pageRoutes } from '../../server/routes/pages.ts';
import { temporaryFolder } from '../support/server.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let pages: ReturnType<typeof pageRoutes>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(`${folder.path}/assets`);
  for (const name of ['login.html', 'interview.html', 'sw.js', 'app.webmanifest', 'favicon.svg', 'assets/main-1a2b.js'])
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
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'permissions-policy': 'camera=(self), microphone=(self), geolocation=()',
  });
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
    "img-src 'self'",
    "manifest-src 'self'",
    "media-src 'self' blob:",
    "script-src 'self'",
    "style-src 'self'",
    "worker-src 'self'",
  ]);
});

test('what is not built is not there', async () => {
  for (const route of ['/login.html', '/assets', '/assets/../sw.js/x', '/..%2fpackage.json'])
    expect((await pages.request(route)).status).toBe(404);
});
