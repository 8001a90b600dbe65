/** The pages without a network: the files that the service worker keeps, those that it replaces, and the requests that it never touches. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { Page } from '@playwright/test';
import { type Assets, loadAssets, pageRoutes } from '../../server/routes/pages.ts';
import { spawnServer } from '../support/server/server.ts';
import { expect, logIn, test } from './fixtures.ts';

const title = (page: Page) => page.getByRole('heading', { name: 'Welcome to your interview' });

/** Waits until the worker has every file of the pages, and this page's requests go through it. */
async function expectShellKept(page: Page): Promise<void> {
  const state = () => page.evaluate(() => navigator.serviceWorker.controller?.state);
  await expect.poll(state).toBe('activated');
}

test('after one visit both pages open without the server, and the server is used again once it is back', async ({
  page,
  server,
}) => {
  await page.goto(server.url);
  await expectShellKept(page);
  await server.stop();
  expect(await fetch(server.url).catch(() => 'gone')).toBe('gone');
  await page.reload();
  await expect(title(page)).toBeVisible();
  await page.goto(`${server.url}/?lang=vi`);
  await expect(page.locator('html')).toHaveAttribute('lang', 'vi');
  const interview = await page.goto(`${server.url}/interview?lang=th`);
  expect(interview?.fromServiceWorker()).toBe(true);
  expect(interview?.headers()['content-security-policy'], 'the policy is kept with the page').toContain("'none'");

  const back = await spawnServer({ dataDir: server.dataDir, port: server.port });
  await page.goto(`${back.url}/?lang=en`);
  const answer = page.waitForResponse((response) => response.url().includes('/api/verify-token'));
  await page.getByRole('textbox', { name: 'Token' }).fill('no-such-token');
  await page.getByRole('textbox', { name: 'Full name' }).fill('Nguyen Van A');
  await page.getByRole('button', { name: 'Log in' }).click();
  expect((await answer).status()).toBe(401);
  await back.stop();
});

test('a reload in flight mode', async ({ page, context, server }) => {
  await page.goto(server.url);
  await expectShellKept(page);
  await context.setOffline(true);
  expect(await page.evaluate(() => fetch('/healthz').catch(() => 'no network'))).toBe('no network');
  await page.reload();
  await expect(title(page)).toBeVisible();
});

test('a server that accepts connections and sends nothing does not hang a reload', async ({ page, server }) => {
  await page.goto(server.url);
  await expectShellKept(page);
  server.process.kill('SIGSTOP');
  try {
    await page.reload();
    await expect(title(page)).toBeVisible();
  } finally {
    server.process.kill('SIGCONT');
  }
});

test('calls and uploads never go through the worker, and the page’s own files come from it', async ({
  page,
  server,
  candidate,
}) => {
  const fromWorker = new Map<string, boolean>();
  await page.goto(server.url);
  await expectShellKept(page);
  page.on('response', (response) => {
    fromWorker.set(
      new URL(response.url()).pathname.replace(/-\w+(?=\.)|(?<=files\/).*/, ''),
      response.fromServiceWorker(),
    );
  });
  await logIn(page, server.url, candidate);
  await page.getByRole('button', { name: 'Start interview' }).click();
  await expect.poll(() => [...fromWorker.keys()].filter((name) => name.startsWith('/files/'))).not.toEqual([]);
  await page.evaluate(() => fetch('/healthz'));
  const touched = [...fromWorker].filter(([, worker]) => worker).map(([name]) => name);
  const untouched = [...fromWorker].filter(([, worker]) => !worker).map(([name]) => name);
  expect(touched).toContain('/assets/interview.js');
  expect(untouched).toEqual(
    expect.arrayContaining(['/api/verify-token', '/api/session/start', '/files', '/files/', '/healthz']),
  );
  expect(touched.filter((name) => /^\/(api|files)/.test(name))).toEqual([]);
});

/**
 * Serves the built pages from this process, so that a test can replace the build. The service worker is sent a proxy's page,
 * with status 200, in the place of each of its first `wrong` files.
 */
async function servePages(wrong = 0): Promise<{ url: string; build: Assets; close(): Promise<void> }> {
  const build = await loadAssets(path.resolve(import.meta.dirname, '../../dist/client'));
  let left = wrong;
  const respond = (request: Request) => {
    const ofWorker = request.headers.get('Sec-Fetch-Dest') === 'empty' && left-- > 0;
    const page = { headers: { 'Content-Type': 'text/html', 'Cache-Control': 'max-age=31536000' } };
    return ofWorker ? new Response('<h1>Log in to the hotel</h1>', page) : pageRoutes(build).fetch(request);
  };
  const server = createServer(getRequestListener(respond));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    build,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Replaces `before` by `after` in a file of a build. @throws Error when the file has no such text */
function edit(build: Assets, name: string, before: RegExp, after: string): void {
  const file = build.get(name);
  const text = new TextDecoder().decode(file?.bytes);
  if (!file || !before.test(text)) throw new Error(`${name} holds no ${before}`);
  const bytes = new TextEncoder().encode(text.replace(before, after));
  build.set(name, { ...file, bytes, encoded: {} });
  if (name === '/sw.js') return;
  const [was, is] = [file.bytes, bytes].map((content) => createHash('sha256').update(content).digest('base64'));
  edit(build, '/sw.js', new RegExp((was ?? '').replace(/[+/=]/g, '\\$&')), is ?? '');
}

test('a new build replaces the old one at the next visit, also offline, and files that a proxy replaced', async ({
  page,
}) => {
  const pages = await servePages(1);
  await page.goto(pages.url);
  await expectShellKept(page);
  const generations = () => page.evaluate(() => caches.keys());
  const [before] = await generations();
  // What an earlier build kept where a proxy sent a page in the place of a script.
  await page.evaluate(async () => {
    const cache = await caches.open((await caches.keys())[0] ?? '');
    for (const { url } of await cache.keys())
      if (url.endsWith('.js'))
        await cache.put(url, new Response('<h1>Not now</h1>', { headers: { 'Content-Type': 'text/html' } }));
  });
  edit(pages.build, '/', /<body /, '<body data-build="second" ');
  edit(pages.build, '/sw.js', /(version:[`'"])\w+/, '$1second');
  await page.reload();
  await expect(page.locator('body')).toHaveAttribute('data-build', 'second');
  await expect.poll(generations).toEqual([before, 'tresgo-shell-second']);
  await expect
    .poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.installing ?? 'none'))
    .toBe('none');
  await pages.close();
  await page.reload();
  await expect(page.locator('body'), 'the new one is kept').toHaveAttribute('data-build', 'second');
  await expect(title(page)).toBeVisible();
});
