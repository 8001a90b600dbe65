/** An answer survives its page: a killed browser, a reload, a second tab, a closed tab, the back button, another device. */
import type { CDPSession, Page } from '@playwright/test';
import { mediaRecorderTap } from '../support/browser/browser.ts';
import { type ChromiumProcess, openChromium } from '../support/browser/chromium-process.ts';
import { shortWaits } from '../support/browser/short-waits.ts';
import { type HeldTake, quietPath, readSpool } from '../support/browser/spool-reader.ts';
import { openNetwork } from '../support/network/network.ts';
import { type TestServer, temporaryFolder } from '../support/server/server.ts';
import {
  answer,
  begin,
  expect,
  expectFinished,
  expectNoSecondUpload,
  expectPlayable,
  expectRecording,
  inBothSizes,
  logIn,
  openReceipt,
  press,
  readSession,
  speak,
  statusOf,
  test,
} from './fixtures.ts';

const ANSWERS = ['Q1.webm', 'Q2.webm', 'Q3.webm', 'Q4.webm', 'Q5.webm'];

/** Logs in through the link, without waiting for the next page. */
async function openLink(page: Page, url: string, token: string): Promise<void> {
  await page.goto(`${url}/#t=${token}`);
  await page.getByRole('textbox', { name: 'Full name' }).fill('nguyen van a');
  await press(page, 'Log in');
}

/**
 * Expects each file to be a recording of MediaRecorder: a whole recording, or one that ends with one of its slices where the
 * answer was cut short.
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
    if (prefix) await expectPlayable(file, prefix, { cutShort: short });
  }
  expect(meta.status).toBe('finished');
  await expectNoSecondUpload(server);
}

inBothSizes((screen) => {
  test('SIGKILL of the browser in mid-answer, and again while the rest is sent: every byte that the spool held arrives', async ({
    server,
    candidate,
  }) => {
    const profile = await temporaryFolder();
    const relay = await openNetwork({ to: { host: '127.0.0.1', port: server.port } });
    let chromium: ChromiumProcess = await openChromium(profile.path, screen);
    const held = async (): Promise<HeldTake[]> => {
      await chromium.page.goto(relay.url + quietPath);
      return chromium.page.evaluate(readSpool);
    };
    try {
      await logIn(chromium.page, relay.url, candidate);
      await press(chromium.page, 'Start interview');
      await answer(chromium.page, 1);
      await expectRecording(chromium.page, 2);
      // From here on no request gets out: only the device has this answer.
      relay.refuse(true);
      relay.cutAll();
      await speak(chromium.page, 150_000);
      await expect.poll(() => relay.stats.refused, 'the page could send nothing').toBeGreaterThan(0);
      await chromium.kill();

      chromium = await openChromium(profile.path, screen);
      relay.refuse(false);
      const [first, ...others] = await held();
      expect(others).toEqual([]);
      expect(first).toMatchObject({ question: 2, ended: false });
      expect(first?.bytes).toBeGreaterThan(150_000);
      // Each connection is cut after 10,000 bytes, whatever the method: the rest is not through before the second kill.
      const before = relay.stats.cuts;
      relay.setCut({ match: (head, bodyBytes) => /^upload-offset:/im.test(head) && bodyBytes >= 10_000 });
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
      // The browser may have lost the note that the candidate has to choose; then the answer counts.
      const keep = page.getByRole('button', { name: 'Keep this answer' });
      const start = page.getByRole('button', { name: 'Start interview' });
      await expect(keep.or(start)).toBeVisible();
      await keep.or(start).click();
      for (let question = 3; question <= 5; question++) await answer(page, question);
      await expectFinished(page);
      const { files } = await readSession(server);
      expect(files.map(({ name }) => name)).toEqual(['meta.json', ...ANSWERS]);
      expect(files.find(({ name }) => name === 'Q2.webm')?.sha256).toBe(first?.sha256);
      await expectDelivered(page, server, ['Q2.webm']);
      expect(await held(), 'the spool is empty').toEqual([]);
    } finally {
      await chromium.close().catch(() => {});
      await relay.close();
      await profile.remove();
    }
  });

  test('a second tab, a reload without a network, a closed tab, the back button: one interview survives them all', async ({
    page,
    context,
    server,
    candidate,
  }) => {
    await logIn(page, server.url, candidate);
    // The shell is kept by the service worker from here on.
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await press(page, 'Start interview');
    await expectRecording(page, 1);
    const other = await context.newPage();
    await other.goto(`${server.url}/interview`);
    await expect(other.getByRole('alert')).toContainText('open in another tab');
    await other.close();
    await answer(page, 1);

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

    await answer(second, 5);
    await expectFinished(second);
    const { files } = await readSession(server);
    expect(files.map(({ name }) => name)).toEqual(['meta.json', ...ANSWERS, 'takes/Q2-1.webm']);
    await expectDelivered(second, server, ['takes/Q2-1.webm', 'Q3.webm', 'Q4.webm']);
  });

  test('another device with the same link continues at the first unanswered question', async ({
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
    await other.addInitScript(shortWaits);
    await logIn(other, server.url, candidate);
    await press(other, 'Start interview');
    for (let question = 3; question <= 5; question++) await answer(other, question, { seconds: 1 });
    await expectFinished(other);
    const { files, meta } = await readSession(server);
    expect(files.map(({ name }) => name).filter((name) => name.startsWith('Q'))).toEqual(ANSWERS);
    expect(meta.status).toBe('finished');
    await other.context().close();
  });
});

test('a reload in mid-answer: what was recorded is sent whole, and the candidate keeps it or answers again', async ({
  page,
  server,
  candidate,
}) => {
  const reloadIn = async (question: number) => {
    await expectRecording(page, question);
    await speak(page, 150_000);
    await page.reload();
    await expect(page.getByRole('button', { name: 'Keep this answer' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Answer again' })).toBeVisible();
    const player = page.locator('.stage-player');
    await player.evaluate((video: HTMLVideoElement) => video.play());
    await expect.poll(() => player.evaluate((video: HTMLVideoElement) => video.currentTime)).toBeGreaterThan(0.2);
  };
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  await answer(page, 1);
  await reloadIn(2);
  await press(page, 'Keep this answer');
  await reloadIn(3);
  await press(page, 'Answer again');
  for (let question = 3; question <= 5; question++) await answer(page, question);
  await expectFinished(page);
  await expectNoSecondUpload(server);

  const { files, meta } = await readSession(server);
  expect(files.map(({ name }) => name)).toEqual(['meta.json', ...ANSWERS, 'takes/Q3-1.webm']);
  expect(meta.files.map(({ questionIndex }) => questionIndex)).toEqual([1, 2, 3, 4, 5]);
  const delivered = await page.evaluate(() => window.__tapDigests({ prefixes: true }));
  // Recordings in order: 1, the interrupted 2, the interrupted 3, 3 again, 4, 5.
  expect(delivered).toHaveLength(6);
  const [, kept, rejected, again] = delivered;
  const file = (name: string) => files.find((each) => each.name === name);
  expect(file('Q3.webm')?.sha256).toBe(again?.sha256);
  for (const [name, recording] of [
    ['Q2.webm', kept],
    ['takes/Q3-1.webm', rejected],
  ] as const) {
    const stored = file(name);
    const sent = recording?.prefixes?.find(({ sha256 }) => sha256 === stored?.sha256);
    expect(sent, `${name} is what MediaRecorder delivered, up to one of its slices`).toBeDefined();
    expect((recording?.blobs ?? 0) - (sent?.blobs ?? 0), 'slices that were lost').toBeLessThanOrEqual(2);
    if (stored && sent) await expectPlayable(stored, sent, { cutShort: true });
  }
  const { gate } = await statusOf(page);
  expect(gate.at(-1)?.question).toBe(5);
});

/** Key in `sessionStorage` of the returns to pages of this tab, in order: `cached`, or why Chromium loaded the page anew. */
const NOTES = 'returns';

/** Runs in every page before its own scripts. */
function noteReturns(key: string): void {
  window.addEventListener('pageshow', ({ persisted }) => {
    const [entry] = performance.getEntriesByType('navigation') as Array<
      PerformanceNavigationTiming & { notRestoredReasons?: { reasons?: Array<{ reason: string }> } | null }
    >;
    const returned = persisted || entry?.type === 'back_forward';
    if (!returned) return;
    const why = entry?.notRestoredReasons?.reasons?.map(({ reason }) => reason) ?? [];
    const notes: unknown[] = JSON.parse(sessionStorage.getItem(key) ?? '[]');
    sessionStorage.setItem(key, JSON.stringify([...notes, persisted ? 'cached' : why.join()]));
  });
}

/** Expects these returns. Polls, because a page that came out of the cache may be about to load anew. */
async function expectReturns(page: Page, returns: string[]): Promise<void> {
  const read = (key: string): string[] => JSON.parse(sessionStorage.getItem(key) ?? '[]');
  await expect(async () => expect(await page.evaluate(read, NOTES)).toEqual(returns)).toPass();
}

/** Leaves the page and goes back, by the DevTools protocol: Playwright's `goBack` waits for a load that a cached page never has. */
async function leaveAndReturn(page: Page, devtools: CDPSession): Promise<void> {
  const { currentIndex, entries } = await devtools.send('Page.getNavigationHistory');
  const url = async () =>
    (await devtools.send('Runtime.evaluate', { expression: 'location.href' })).result.value as string;
  const here = page.url();
  await page.evaluate(() => document.documentElement.setAttribute('data-left', 'once'));
  await devtools.send('Page.navigate', { url: 'about:blank' });
  await expect.poll(url).toBe('about:blank');
  await devtools.send('Page.navigateToHistoryEntry', { entryId: entries[currentIndex]?.id ?? 0 });
  await expect.poll(url).toBe(here);
}

test('back and forward, with Chromium’s back-forward cache and without it: nothing is lost, and each page works', async ({
  server,
  candidate,
}) => {
  const profile = await temporaryFolder();
  const { page, context, close } = await openChromium(profile.path, {
    // Playwright's default turns the cache off.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
  try {
    await context.addInitScript(noteReturns, NOTES);
    const devtools = await context.newCDPSession(page);
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.type());
      void dialog.accept();
    });
    await begin(page, server.url, candidate);
    await speak(page, 20_000);
    await leaveAndReturn(page, devtools);
    await expect(page.getByRole('button', { name: 'Keep this answer' })).toBeVisible();
    await expectReturns(page, ['mediastream']);
    expect(dialogs, 'the candidate was asked before the answer was cut short').toEqual(['beforeunload']);

    // Without a recorder the page itself comes back, with a lock on the interview that it no longer holds.
    await leaveAndReturn(page, devtools);
    await expectReturns(page, ['mediastream', 'cached']);
    // The page cannot know what happened meanwhile, here or on another device: it loads anew.
    await expect(page.locator('html')).not.toHaveAttribute('data-left');
    await press(page, 'Keep this answer');
    for (let question = 2; question <= 5; question++) await answer(page, question, { seconds: 1 });
    await expectFinished(page);
    await leaveAndReturn(page, devtools);
    await expectReturns(page, ['mediastream', 'cached', 'cached']);
    await expect(page.locator('html')).toHaveAttribute('data-left');
    await expectFinished(page);
    await openReceipt(page);
    await expect(page.getByRole('table', { name: 'Your receipt' }).getByRole('row')).toHaveCount(6);
    expect((await readSession(server)).meta).toMatchObject({ status: 'finished', files: { length: 5 } });
  } finally {
    await close();
    await profile.remove();
  }
});
