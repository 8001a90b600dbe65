/** Browsers and machines that cannot record, real ones where Chromium can be started so: the page says what to do, and nothing hangs. */
import { type BrowserContext, chromium, type Page } from '@playwright/test';
import { chromiumArgs, chromiumPath } from '../support/browser/browser.ts';
import { fakeMedia } from '../support/media/media.ts';
import type { TestServer } from '../support/server/server.ts';
import { type Candidate, expect, test } from './fixtures.ts';

/** Logs in, without waiting for a device check that becomes ready. */
async function logInOnly(page: Page, server: TestServer, candidate: Candidate): Promise<void> {
  await page.goto(`${server.url}/#t=${candidate.token}`);
  await page.getByRole('textbox', { name: 'Full name' }).fill('Nguyen Van A');
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page).toHaveURL(/\/interview/);
}

/** Starts a Chromium without the flags that begin with `flag`. */
async function inChromiumWithout(flag: string, work: (context: BrowserContext) => Promise<void>): Promise<void> {
  const args = chromiumArgs(await fakeMedia()).filter((arg) => !arg.startsWith(flag));
  const browser = await chromium.launch({ executablePath: chromiumPath(), args });
  try {
    await work(await browser.newContext());
  } finally {
    await browser.close();
  }
}

test('a machine without camera and microphone', async ({ server, candidate }) => {
  await inChromiumWithout('--use-f', async (context) => {
    const page = await context.newPage();
    await context.grantPermissions(['camera', 'microphone']);
    await logInOnly(page, server, candidate);
    const name = await page.evaluate(() =>
      navigator.mediaDevices.getUserMedia({ video: true, audio: true }).then(
        () => 'opened',
        (error: Error) => error.name,
      ),
    );
    expect(name).toBe('NotFoundError');
    await expect(page.getByRole('alert')).toContainText('We found no camera or no microphone');
    await expect(page.getByRole('button', { name: 'Start interview' })).toBeDisabled();
    await expect(page.getByRole('button', { name: 'Try again' })).toBeEnabled();
  });
});

test('permission refused, then granted', async ({ server, candidate }) => {
  await inChromiumWithout('--use-fake-ui', async (context) => {
    const page = await context.newPage();
    await logInOnly(page, server, candidate);
    await expect(page.getByRole('alert')).toContainText('not allowed');
    await expect(page.getByRole('button', { name: 'Start interview' })).toBeDisabled();
    await context.grantPermissions(['camera', 'microphone']);
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
    await expect(page.getByRole('alert')).toHaveCount(0);
  });
});

test('a browser without MediaRecorder', async ({ page, server, candidate }) => {
  await page.addInitScript(() => Reflect.deleteProperty(window, 'MediaRecorder'));
  await logInOnly(page, server, candidate);
  await expect(page.getByRole('alert')).toContainText('This browser cannot record video');
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeDisabled();
});

test('a page that is not secure gets no camera, and says so', async ({ page, server, candidate }) => {
  // Loopback always counts as secure; the test removes what Chromium removes from pages that are not secure.
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'mediaDevices', { value: undefined });
    Object.defineProperty(window, 'isSecureContext', { value: false });
  });
  await logInOnly(page, server, candidate);
  await expect(page.getByRole('alert')).toContainText('The camera can’t be used at this address');
});
