/** The tab is closed while bytes are unsent: Chromium’s Background Sync goes on, and a page that comes back finds what it sent. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { BrowserContext } from '@playwright/test';
import { readSpool } from '../support/browser/spool-reader.ts';
import { begin, expect, logIn, press, readSession, statusOf, test } from './fixtures.ts';

/** Fires the browser's `sync` event at the worker that sends, as the browser does once it has a network. */
async function fireSync(context: BrowserContext, origin: string): Promise<void> {
  // A page of the origin without a session: it holds none of the locks.
  const page = await context.newPage();
  await page.goto(`${origin}/favicon.svg`);
  const devtools = await context.newCDPSession(page);
  const found = new Promise<string>((resolve) => {
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const sender = registrations.find(({ scopeURL, isDeleted }) => scopeURL.endsWith('/sender/') && !isDeleted);
      if (sender) resolve(sender.registrationId);
    });
  });
  await devtools.send('ServiceWorker.enable');
  const registrationId = await found;
  await devtools.send('ServiceWorker.dispatchSyncEvent', {
    ...{ origin, registrationId, tag: 'tresgo-send', lastChance: false },
  });
}

test('an answer that was ended without a network arrives after the tab was closed', async ({
  context,
  page,
  server,
  candidate,
}) => {
  await begin(page, server.url, candidate);
  // The worker is there once the page has told it how to send.
  await expect
    .poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration('/sender/'))?.active?.state))
    .toBe('activated');
  await expect.poll(async () => (await statusOf(page)).recordedBytes).toBeGreaterThan(100_000);
  await context.setOffline(true);
  const before = (await statusOf(page)).recordedBytes;
  await expect.poll(async () => (await statusOf(page)).recordedBytes).toBeGreaterThan(before + 100_000);
  await press(page, 'Next question');
  await expect.poll(async () => (await page.evaluate(readSpool)).map(({ ended }) => ended)).toEqual([true]);
  const { recordedBytes, ackedBytes } = await statusOf(page);
  expect(recordedBytes - ackedBytes, 'bytes are left on the device').toBeGreaterThan(100_000);
  const delivered = await page.evaluate(() => window.__tapDigests());
  await page.close({ runBeforeUnload: false });
  expect((await readSession(server)).files.map(({ name }) => name)).toEqual(['meta.json']);

  await context.setOffline(false);
  await fireSync(context, server.url);
  await expect.poll(async () => (await readSession(server)).files.map(({ name }) => name)).toContain('Q1.webm');
  const answer = (await readSession(server)).files.find(({ name }) => name === 'Q1.webm');
  expect([answer?.sha256, answer?.bytes]).toEqual([delivered[0]?.sha256, recordedBytes]);

  const back = await context.newPage();
  await logIn(back, server.url, candidate);
  await press(back, 'Start interview');
  await expect(back.getByRole('heading', { name: 'Question 2 of 5' })).toBeVisible();
  expect((await back.evaluate(readSpool)).filter(({ question }) => question === 1)).toEqual([]);
});

test('a take that the closed tab has cut is sent, and the candidate is asked about it', async ({
  context,
  page,
  server,
  candidate,
}) => {
  await begin(page, server.url, candidate);
  await expect
    .poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration('/sender/'))?.active?.state))
    .toBe('activated');
  await context.setOffline(true);
  const before = (await statusOf(page)).recordedBytes;
  await expect.poll(async () => (await statusOf(page)).persistedBytes).toBeGreaterThan(before + 200_000);
  await page.close({ runBeforeUnload: false });
  await context.setOffline(false);
  const quiet = await context.newPage();
  await quiet.goto(`${server.url}/favicon.svg`);
  const [held] = await quiet.evaluate(readSpool);
  expect(held?.ended).toBe(false);
  await fireSync(context, server.url);
  const uploads = path.join(server.dataDir, 'uploads');
  const arrived = async () =>
    Promise.all((await readdir(uploads)).map(async (name) => (await stat(path.join(uploads, name))).size));
  await expect.poll(arrived).toEqual([held?.bytes]);

  const back = await context.newPage();
  await back.goto(`${server.url}/interview`);
  await press(back, 'Keep this answer');
  await expect.poll(async () => (await readSession(server)).files.map(({ name }) => name)).toContain('Q1.webm');
});
