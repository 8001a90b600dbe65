/** What a page does not survive, the answer does: a killed browser, a reload without a network, a closed tab, the back button. */
import type { Page } from '@playwright/test';
import { mediaRecorderTap } from '../support/browser.ts';
import { type ChromiumProcess, openChromium } from '../support/chromium-process.ts';
import { probe } from '../support/media.ts';
import { openRelay } from '../support/relay.ts';
import { type TestServer, temporaryFolder } from '../support/server.ts';
import { type HeldTake, quietPath, readSpool } from '../support/spool-reader.ts';
import {
  answer,
  expect,
  expectFinished,
  expectNoSecondUpload,
  expectPlayable,
  expectRecording,
  type FolderFile,
  inBothSizes,
  logIn,
  press,
  readSession,
  statusOf,
  test,
} from './fixtures.ts';

const ANSWERS = ['Q1.webm', 'Q2.webm', 'Q3.webm', 'Q4.webm', 'Q5.webm'];

/** Through the log-in, to whatever the page shows behind it. */
async function openLink(page: Page, url: string, token: string): Promise<void> {
  await page.goto(`${url}/#t=${token}`);
  await page.getByRole('textbox', { name: 'Full name' }).fill('nguyen van a');
  await press(page, 'Log in');
}

/** Lets the answer run until the device has kept so much of it. */
async function speak(page: Page, bytes = 60_000): Promise<void> {
  await expect.poll(async () => (await statusOf(page)).persistedBytes).toBeGreaterThan(bytes);
}

/**
 * Every file is what MediaRecorder delivered in one of its recordings, up to one of its slices: to the last one unless
 * the answer was cut short.
 */
async function expectDelivered(page: Page, server: TestServer, cutShort: readonly string[]): Promise<void> {
  const delivered = await page.evaluate(() => window.__tapDigests({ prefixes: true }));
  const { files, meta } = await readSession(server);
  for (const file of files.filter(({ name }) => name.endsWith('.webm'))) {
    const recording = delivered.find(({ prefixes }) => prefixes?.some(({ sha256 }) => sha256 === file.sha256));
    expect(recording, `${file.name} is what MediaRecorder delivered`).toBeDefined();
    const prefix = recording?.prefixes?.find(({ sha256 }) => sha256 === file.sha256);
    const short = cutShort.includes(file.name);
    if (!short) expect(prefix?.bytes, `${file.name} to its end`).toBe(recording?.bytes);
    if (prefix && !short) await expectPlayable(file, prefix);
    if (short) await expectDecodable(file);
  }
  expect(meta.status).toBe('finished');
  await expectNoSecondUpload(server);
}

/** Where the end is missing, nothing but that is remarked on; how far an encoder was behind then is not ours to say. */
async function expectDecodable({ name, path }: FolderFile): Promise<void> {
  const { hasVideo, hasAudio, decodeErrors } = await probe(path);
  const errors = decodeErrors.filter((line) => !line.includes('File ended prematurely'));
  expect({ hasVideo, hasAudio, errors }, name).toEqual({ hasVideo: true, hasAudio: true, errors: [] });
}

inBothSizes((screen) => {
  test('SIGKILL of the browser in mid-answer, and again while the rest is sent: every byte the spool held arrives', async ({
    server,
    candidate,
  }) => {
    const profile = await temporaryFolder();
    const relay = await openRelay({ to: { host: '127.0.0.1', port: server.port } });
    let chromium: ChromiumProcess = await openChromium(profile.path, screen);
    const held = async (): Promise<HeldTake[]> => {
      await chromium.page.goto(relay.url + quietPath);
      return chromium.page.evaluate(readSpool);
    };
    try {
      await logIn(chromium.page, relay.url, candidate);
      await press(chromium.page, 'Start interview');
      await answer(chromium.page, 1, { seconds: 2 });
      await expectRecording(chromium.page, 2);
      // Nothing gets out any more: only the device has this answer.
      relay.refuse(true);
      relay.cutAll();
      await speak(chromium.page, 150_000);
      await chromium.kill();
      expect(relay.stats.refused, 'the page had no way out').toBeGreaterThan(0);

      chromium = await openChromium(profile.path, screen);
      relay.refuse(false);
      const [first, ...others] = await held();
      expect(others).toEqual([]);
      expect(first).toMatchObject({ question: 2, ended: false });
      expect(first?.bytes).toBeGreaterThan(150_000);
      // The rest crawls, and never gets through before the second kill.
      const before = relay.stats.cuts;
      relay.setCut({ match: (head, bodyBytes) => head.startsWith('PATCH') && bodyBytes >= 10_000 });
      await openLink(chromium.page, relay.url, candidate.token);
      await expect(chromium.page.getByRole('button', { name: 'Keep this answer' })).toBeVisible();
      await expect.poll(async () => (await statusOf(chromium.page)).ackedBytes).toBeGreaterThan(0);
      await chromium.kill();
      expect(relay.stats.cuts, 'it was killed in the catch-up').toBeGreaterThan(before);

      chromium = await openChromium(profile.path, screen);
      relay.setCut(null);
      const { page } = chromium;
      expect(await held()).toMatchObject([{ question: 2, sha256: first?.sha256 }]);
      await openLink(page, relay.url, candidate.token);
      // The question whether it counts may be lost with the browser's own notes; then it does.
      const keep = page.getByRole('button', { name: 'Keep this answer' });
      const start = page.getByRole('button', { name: 'Start interview' });
      await expect(keep.or(start)).toBeVisible({ timeout: 30_000 });
      await keep.or(start).click();
      for (let question = 3; question <= 5; question++) await answer(page, question, { seconds: 2 });
      await expectFinished(page);
      const { files } = await readSession(server);
      expect(files.map(({ name }) => name)).toEqual(['meta.json', ...ANSWERS]);
      expect(files.find(({ name }) => name === 'Q2.webm')?.sha256).toBe(first?.sha256);
      await expectDelivered(page, server, ['Q2.webm']);
      expect(await held(), 'the spool has let go of everything').toEqual([]);
    } finally {
      await chromium.close().catch(() => {});
      await relay.close();
      await profile.remove();
    }
  });

  test('a reload without a network, a second tab, the back button: one interview goes through them all', async ({
    page,
    context,
    server,
    candidate,
  }) => {
    await logIn(page, server.url, candidate);
    // The shell is kept by the service worker from here on.
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await press(page, 'Start interview');
    await answer(page, 1, { seconds: 2 });

    await expectRecording(page, 2);
    await context.setOffline(true);
    await speak(page);
    await page.reload();
    await expect(page.getByRole('heading', { name: 'Question 2 of 5' })).toBeVisible();
    await expect(page.getByRole('alert')).toContainText('You are offline');
    await press(page, 'Answer again');
    await expectRecording(page, 2);
    await page.waitForTimeout(2000);
    await press(page, 'Next question');
    await expect(page.getByRole('status').getByText(/^(Retrying in \d s|Upload Failed)$/)).toBeVisible();
    await context.setOffline(false);

    await expectRecording(page, 3);
    const second = await context.newPage();
    await second.addInitScript(mediaRecorderTap);
    await second.goto(server.url);
    await second.goto(page.url());
    await expect(second.getByRole('alert')).toContainText('This interview is open in another tab');
    await speak(page);
    await page.close({ runBeforeUnload: false });
    await press(second, 'Keep this answer');

    await expectRecording(second, 4);
    await speak(second);
    await second.goBack();
    await expect(second.getByRole('textbox', { name: 'Token' })).toBeVisible();
    await second.goForward();
    await press(second, 'Keep this answer');

    await answer(second, 5, { seconds: 2 });
    await expectFinished(second);
    const { files } = await readSession(server);
    expect(files.map(({ name }) => name)).toEqual(['meta.json', ...ANSWERS, 'takes/Q2-1.webm']);
    await expectDelivered(second, server, ['takes/Q2-1.webm', 'Q3.webm', 'Q4.webm']);
  });

  test('another device with the same link goes on at the first unanswered question', async ({
    page,
    browser,
    server,
    candidate,
  }) => {
    await logIn(page, server.url, candidate);
    await press(page, 'Start interview');
    for (let question = 1; question <= 2; question++) await answer(page, question, { seconds: 1 });
    await expectRecording(page, 3);
    await page.close({ runBeforeUnload: false });
    const other = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
    await logIn(other, server.url, candidate);
    await press(other, 'Start interview');
    for (let question = 3; question <= 5; question++) await answer(other, question, { seconds: 1 });
    await expectFinished(other);
    const { files, meta } = await readSession(server);
    expect(files.map(({ name }) => name).filter((name) => name.startsWith('Q'))).toEqual(ANSWERS);
    expect(meta.status).toBe('finished');
    await other.context().close();
  });

  test('the device is full in mid-answer: the recording goes on, it is said, and everything arrives', async ({
    server,
    candidate,
  }) => {
    // The quota of a context without a profile can't be set.
    const profile = await temporaryFolder();
    const { page, context, close } = await openChromium(profile.path, screen);
    try {
      await logIn(page, server.url, candidate);
      await press(page, 'Start interview');
      await expectRecording(page, 1);
      await speak(page, 20_000);
      const { origin } = new URL(page.url());
      const devtools = await context.newCDPSession(page);
      await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
      // Chromium asks its quota anew only when what it knew is half a minute old.
      await expect(page.getByRole('alert')).toContainText('This device is full', { timeout: 60_000 });
      const { recordedBytes } = await statusOf(page);
      await expect.poll(async () => (await statusOf(page)).recordedBytes).toBeGreaterThan(recordedBytes + 20_000);
      await expectRecording(page, 1);
      await press(page, 'Next question');
      await answer(page, 2, { seconds: 2 });
      await expectRecording(page, 3);
      await devtools.send('Storage.overrideQuotaForOrigin', { origin });
      for (let question = 3; question <= 5; question++) await answer(page, question, { seconds: 2 });
      await expectFinished(page);
      const { files, meta } = await readSession(server);
      expect(files.map(({ name }) => name)).toEqual(['meta.json', ...ANSWERS]);
      expect(files.slice(1).map(({ sha256 }) => sha256)).toEqual(await page.evaluate(digestsInMemory));
      expect(meta.status).toBe('finished');
      await expectNoSecondUpload(server);
    } finally {
      await close();
      await profile.remove();
    }
  });
});

/** Of this life of the page. What the tap keeps beside it is full as well. */
async function digestsInMemory(): Promise<string[]> {
  const digest = async ({ blobs }: { blobs: readonly Blob[] }) => {
    const hash = await crypto.subtle.digest('SHA-256', await new Blob([...blobs]).arrayBuffer());
    return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  return Promise.all(window.__tap.map(digest));
}
