/** One interview on two devices: by the link that the first one shows, and by a second log-in. */
import type { Browser, Page } from '@playwright/test';
import { mediaRecorderTap } from '../support/browser/browser.ts';
import { createTusClient, recording } from '../support/tus/tus.ts';
import {
  answer,
  expect,
  expectFinished,
  expectNoSecondUpload,
  expectRecording,
  inviteToOwnInterview,
  logIn,
  press,
  readSession,
  statusOf,
  test,
} from './fixtures.ts';

const THREE = ['questions:', '  - {text: One}', '  - {text: Two}', '  - {text: Three}'];
const of = 3;

/** A device of its own: other cookies, another store. */
async function openDevice(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 320, height: 480 } });
  const page = await context.newPage();
  await page.addInitScript(mediaRecorderTap);
  return page;
}

/** Logs in by the link as it is, and goes on from the device check. */
async function comeBy(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByRole('textbox', { name: 'Full name' }).fill('nguyen van a');
  await press(page, 'Log in');
  await press(page, 'Start interview');
}

const digestsOf = async (page: Page) => (await page.evaluate(() => window.__tapDigests())).map(({ sha256 }) => sha256);

test('offline with an unsent answer, the link carries the session on; the first device sends what it holds and records no more', async ({
  page,
  context,
  browser,
  server,
}) => {
  const candidate = await inviteToOwnInterview(server, ...THREE);
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  await expectRecording(page, 1, of);
  await context.setOffline(true);
  await answer(page, 1, { seconds: 4, of });
  await expect(page.getByRole('status').getByText('Upload Failed', { exact: true })).toBeVisible();
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  await press(page, 'Continue on another device');
  await expect(page.getByRole('img', { name: 'QR code of your link' })).toBeVisible();
  const link = await page.getByRole('textbox', { name: 'Your link' }).inputValue();
  expect(link).toBe(`${server.url}/?lang=en#t=${candidate.token}&held=1`);

  const other = await openDevice(browser);
  await comeBy(other, link);
  await expectRecording(other, 2, of);
  await context.setOffline(false);
  await expect(page.getByRole('heading', { name: 'Your interview continues on your other device' })).toBeVisible();
  await expect(page.getByRole('status')).toContainText('Everything from this device has arrived.');
  await answer(other, 2, { of });
  await answer(other, 3, { of });
  await expectFinished(other);
  await expectFinished(page);
  expect(requests.filter((url) => url.includes(candidate.token))).toEqual([]);

  const { files, meta } = await readSession(server);
  expect(meta.status).toBe('finished');
  expect(files.map(({ name }) => name)).toEqual(['meta.json', 'Q1.webm', 'Q2.webm', 'Q3.webm']);
  const recorded = [...(await digestsOf(page)), ...(await digestsOf(other))];
  expect(recorded, 'no question was recorded twice').toHaveLength(3);
  expect(files.slice(1).map(({ sha256 }) => sha256)).toEqual(recorded);
  await expectNoSecondUpload(server);
  await other.context().close();
});

test('an answer that the first device still holds is awaited before the end, or given here; the first device takes the session back', async ({
  page,
  context,
  browser,
  server,
}) => {
  const candidate = await inviteToOwnInterview(server, 'questions:', '  - {text: One}', '  - {text: Two}');
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  await expectRecording(page, 1, 2);
  await context.setOffline(true);
  await answer(page, 1, { seconds: 4, of: 2 });
  await expect(page.getByRole('status').getByText('Upload Failed', { exact: true })).toBeVisible();
  await press(page, 'Continue on another device');
  const link = await page.getByRole('textbox', { name: 'Your link' }).inputValue();

  const other = await openDevice(browser);
  await comeBy(other, link);
  await answer(other, 2, { of: 2 });
  await expect(other.getByRole('heading', { name: 'Question 1 of 2' })).toBeFocused();
  await expect(other.getByText('Your answer to this question is still coming from your other device.')).toBeVisible();
  expect((await statusOf(other)).state).toBe('awaiting');
  await press(other, 'Answer it here instead');
  await expectRecording(other, 1, 2);
  await context.setOffline(false);
  await expect(page.getByRole('heading', { name: 'Your interview continues on your other device' })).toBeVisible();
  await expect(page.getByRole('status')).toContainText('Everything from this device has arrived.');
  await press(page, 'Continue here instead');
  await expectFinished(page);
  await other.context().close();
  const { files } = await readSession(server);
  // The other device's take of the question was not whole when the session was finished.
  const [first] = await digestsOf(page);
  expect(files.find(({ name }) => name === 'Q1.webm')?.sha256).toBe(first);
});

test('an answer that is arriving from another device is awaited, and the interview goes on by itself', async ({
  page,
  server,
}) => {
  const candidate = await inviteToOwnInterview(server, ...THREE);
  await logIn(page, server.url, candidate);
  const { folder } = await statusOf(page);
  const first = createTusClient({ url: server.url, token: candidate.token, folder });
  const take = await first.begin({ question: 1 });
  const bytes = recording(2000);
  await first.patch(take, 0, bytes.subarray(0, 1000));
  await page.reload();
  await press(page, 'Start interview');
  await expect(page.getByText('Your answer to this question is still coming from your other device.')).toBeVisible();
  await first.patch(take, 1000, bytes.subarray(1000), { length: 2000 });
  await expectRecording(page, 2, of);
});
