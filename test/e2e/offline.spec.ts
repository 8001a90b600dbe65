/** The application's shell without a network: what the service worker keeps, what it replaces, and what it never touches. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { Page } from '@playwright/test';
import { type Assets, loadAssets, pageRoutes } from '../../server/routes/pages.ts';
import { spawnServer, temporaryFolder } from '../support/server.ts';
import { expect, logIn, test } from './fixtures.ts';

const title = (page: Page) => page.getByRole('heading', { name: 'Welcome to your interview' });

/** The shell is whole on the device, and this page's requests pass the worker. */
async function expectShellKept(page: Page): Promise<void> {
  const state = () => page.evaluate(() => navigator.serviceWorker.controller?.state);
  await expect.poll(state, { timeout: 30_000 }).toBe('activated');
}

test('once visited, both pages open while the server is gone, and it is used again when it is back', async ({
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

test('a server that takes connections and says nothing does not hang a reload', async ({ page, server }) => {
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

test('calls and uploads never pass the worker, the page’s own files come from it', async ({
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

/** The built pages from this process, so that a test can put another build in their place. */
async function servePages(): Promise<{ url: string; build: Assets; close(): Promise<void> }> {
  const build = await loadAssets(path.resolve(import.meta.dirname, '../../dist/client'));
  const server = createServer(getRequestListener((request) => pageRoutes(build).fetch(request)));
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

/** Puts `after` for `before` into a file of a build. Throws where it is not there. */
function edit(build: Assets, name: string, before: RegExp, after: string): void {
  const file = build.get(name);
  const text = new TextDecoder().decode(file?.bytes);
  if (!file || !before.test(text)) throw new Error(`${name} holds no ${before}`);
  build.set(name, { ...file, bytes: new TextEncoder().encode(text.replace(before, after)) });
}

test('a new build takes the place of the old one at the next visit, also offline', async ({ page }) => {
  const pages = await servePages();
  await page.goto(pages.url);
  await expectShellKept(page);
  const generations = () => page.evaluate(() => caches.keys());
  const [before] = await generations();
  edit(pages.build, '/', /<body /, '<body data-build="second" ');
  edit(pages.build, '/sw.js', /(version:[`'"])\w+/, '$1second');
  await page.reload();
  await expect(page.locator('body')).toHaveAttribute('data-build', 'second');
  await expect.poll(generations, { timeout: 30_000 }).toEqual([before, 'tresgo-shell-second']);
  await expect
    .poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.installing ?? 'none'))
    .toBe('none');
  await pages.close();
  await page.reload();
  await expect(page.locator('body'), 'the new one is kept').toHaveAttribute('data-build', 'second');
  await expect(title(page)).toBeVisible();
});

test('under a certificate that the browser does not trust there is no worker, and the browser says so', async ({
  browser,
}) => {
  const folder = await temporaryFolder();
  const [key, cert] = [path.join(folder.path, 'key.pem'), path.join(folder.path, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const env = { TRESGO_TLS_CERT: cert, TRESGO_TLS_KEY: key };
  const server = await spawnServer({ dataDir: path.join(folder.path, 'data'), env });
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(server.url);
  const outcome = await page.evaluate(() =>
    navigator.serviceWorker.register('/sw.js').then(
      () => 'registered',
      (error: Error) => error.name,
    ),
  );
  // What keepOffline calls `refused`.
  expect(outcome).toBe('SecurityError');
  await context.close();
  await server.stop();
  await folder.remove();
});
