/** The tab is closed while bytes are unsent: Chromium’s Background Sync goes on, and a page that comes back finds what it sent. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { BrowserContext, Page } from '@playwright/test';
import { readSpool } from '../support/browser/spool-reader.ts';
import { admin, begin, expect, expectRecording, logIn, press, readSession, statusOf, test } from './fixtures.ts';

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

/** What is left for the worker. For `page.evaluate`: it may use nothing from outside its braces. */
async function readRecords(): Promise<Array<{ folder: string; token: string }>> {
  const ask = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const database = await ask(indexedDB.open('tresgo-sending'));
  try {
    return await ask(database.transaction('sessions').objectStore('sessions').getAll());
  } finally {
    database.close();
  }
}

/** Waits until the browser has the worker that sends without the page. */
async function expectSender(page: Page): Promise<void> {
  await expect
    .poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration('/sender/'))?.active?.state))
    .toBe('activated');
}

test('an answer that was ended without a network arrives after the tab was closed', async ({
  context,
  page,
  server,
  candidate,
}) => {
  await begin(page, server.url, candidate);
  // The worker is there once the page has told it how to send.
  await expectSender(page);
  await expect.poll(async () => (await statusOf(page)).recordedBytes).toBeGreaterThan(100_000);
  await context.setOffline(true);
  const before = (await statusOf(page)).recordedBytes;
  await expect.poll(async () => (await statusOf(page)).recordedBytes).toBeGreaterThan(before + 100_000);
  await press(page, 'Next question');
  await expect.poll(async () => (await page.evaluate(readSpool)).map(({ ended }) => ended)).toEqual([true]);
  await expect(page.getByText('If this page is closed, your device still sends this answer.')).toBeVisible();
  await expect(page.getByText('Please keep this page open.')).toBeHidden();
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
  await expectSender(page);
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

test('after the candidate’s secret was replaced, the worker stops, the page asks for the log-in, and nothing is lost', async ({
  context,
  page,
  server,
  candidate,
}) => {
  await begin(page, server.url, candidate);
  await expectSender(page);
  await context.setOffline(true);
  const before = (await statusOf(page)).recordedBytes;
  await expect.poll(async () => (await statusOf(page)).recordedBytes).toBeGreaterThan(before + 100_000);
  await press(page, 'Next question');
  await expect.poll(async () => (await page.evaluate(readSpool)).map(({ ended }) => ended)).toEqual([true]);
  const [delivered] = await page.evaluate(() => window.__tapDigests());
  // Before there is a network again: the browser fires its own event then.
  expect((await page.evaluate(readRecords)).map((record) => record.token)).toEqual([candidate.token]);
  await page.close({ runBeforeUnload: false });
  const { token } = await admin<{ token: string }>(server.dataDir, 'token', 'reissue', candidate.id);

  await context.setOffline(false);
  const quiet = await context.newPage();
  await quiet.goto(`${server.url}/favicon.svg`);
  await fireSync(context, server.url);
  await expect.poll(() => quiet.evaluate(readRecords), 'the old secret is forgotten').toEqual([]);
  expect((await quiet.evaluate(readSpool)).map(({ sha256 }) => sha256)).toEqual([delivered?.sha256]);

  const back = await context.newPage();
  await back.goto(`${server.url}/interview`);
  await expect(back.getByText('Your token is no longer accepted')).toBeVisible();
  await logIn(back, server.url, { ...candidate, token });
  await press(back, 'Start interview');
  await expectRecording(back, 2);
  const answer = (await readSession(server)).files.find(({ name }) => name === 'Q1.webm');
  expect(answer?.sha256).toBe(delivered?.sha256);
});

test('the secret of an interview that was given up two weeks ago is forgotten', async ({
  context,
  page,
  server,
  candidate,
}) => {
  await begin(page, server.url, candidate);
  await expect.poll(async () => (await page.evaluate(readRecords)).length).toBe(1);
  await page.evaluate(async () => {
    const put = async (name: string, store: string, value: object) => {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const transaction = database.transaction(store, 'readwrite');
      transaction.objectStore(store).put(value);
      await new Promise((resolve) => transaction.addEventListener('complete', resolve));
      database.close();
    };
    for (const [folder, days] of [['old', 15] as const, ['young', 13] as const]) {
      const startedAt = new Date().toISOString();
      const take = { takeId: folder, folder, question: 1, mimeType: 'video/webm', startedAt, recordedMs: 0, bytes: 0 };
      await put('tresgo', 'takes', { ...take, ended: false, uploadUrl: null, sentAs: folder, mismatches: 0 });
      const record = {
        folder,
        endpoint: '/files',
        token: `secret of the ${folder}`,
        at: Date.now() - days * 86_400_000,
      };
      await put('tresgo-sending', 'sessions', record);
    }
  });
  await fireSync(context, server.url);
  const tokens = async () => (await page.evaluate(readRecords)).map(({ token }) => token).sort();
  await expect.poll(tokens).toEqual([candidate.token, 'secret of the young'].sort());
});
