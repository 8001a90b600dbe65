/** Chromium's real back-forward cache, which Playwright turns off: a page comes back as it was left, whatever happened since. */
import type { CDPSession, Page } from '@playwright/test';
import { openChromium } from '../support/chromium-process.ts';
import { temporaryFolder } from '../support/server.ts';
import { answer, begin, expect, expectFinished, press, readSession, statusOf, test } from './fixtures.ts';

/** Each return of a page in this tab, in order: out of the cache, or the reasons why it was loaded anew. */
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

/** A page that came out of the cache may be just about to load anew. */
async function expectReturns(page: Page, returns: string[]): Promise<void> {
  const read = (key: string): string[] => JSON.parse(sessionStorage.getItem(key) ?? '[]');
  await expect(async () => expect(await page.evaluate(read, NOTES)).toEqual(returns)).toPass({ timeout: 15_000 });
}

/** By the protocol: Playwright's own way back waits for a load that a cached page never has. */
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

test('back and forward, out of Chromium’s cache and past it: nothing is lost, and each page works', async ({
  server,
  candidate,
}) => {
  const profile = await temporaryFolder();
  const { page, context, close } = await openChromium(profile.path, {
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
    await expect.poll(async () => (await statusOf(page)).persistedBytes).toBeGreaterThan(20_000);
    await leaveAndReturn(page, devtools);
    await expect(page.getByRole('button', { name: 'Keep this answer' })).toBeVisible();
    await expectReturns(page, ['mediastream']);
    expect(dialogs, 'the candidate was asked before the answer was cut short').toEqual(['beforeunload']);

    // No recorder any more: now the page itself comes back, with a claim on the interview that is gone.
    await leaveAndReturn(page, devtools);
    await expectReturns(page, ['mediastream', 'cached']);
    // It knows nothing of what happened meanwhile, here or on another device: it begins anew.
    await expect(page.locator('html')).not.toHaveAttribute('data-left');
    await press(page, 'Keep this answer');
    for (let question = 2; question <= 5; question++) await answer(page, question, { seconds: 1 });
    await expectFinished(page);
    await leaveAndReturn(page, devtools);
    await expectReturns(page, ['mediastream', 'cached', 'cached']);
    await expect(page.locator('html')).toHaveAttribute('data-left');
    await expectFinished(page);
    await expect(page.getByRole('table', { name: 'Your receipt' }).getByRole('row')).toHaveCount(6);
    expect((await readSession(server)).meta).toMatchObject({ status: 'finished', files: { length: 5 } });
  } finally {
    await close();
    await profile.remove();
  }
});
